using System.CommandLine;
using ManagedGemma.Bench.Roofline;
using ManagedGemma.Bench.Slice;

// Compiled ahead of time by bench/run native, and just in time by bench/run native-jit: the same program, so that the two compare.
RootCommand root = new("The benches that can be compiled ahead of time.") { new RooflineCommand(), new SliceCommand() };
return root.Parse(args).Invoke();
