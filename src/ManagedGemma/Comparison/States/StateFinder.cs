using System.Globalization;
using ManagedGemma.Checkpoints;
using ManagedGemma.Comparison.Sources;
using ManagedGemma.Comparison.Statistics;

namespace ManagedGemma.Comparison.States;

/// <summary>
/// Takes tensors apart into states. <c>hidden_states</c> [S, T, D] become S states, named as parity dumps are, so that a file can be
/// held against a directory of dumps; features [.., T, D · S] with index channel · S + state become S states too.
/// </summary>
internal sealed class StateFinder
{
    private const string HiddenStates = "hidden_states";
    private const string Features = "features";
    private const string DumpedFeatures = "gemma_stacked";
    private const string PromptEmbeds = "prompt_embeds";
    private const string StatesKey = "states";
    private const string ProfileKey = "profile";

    // A row's turn of all states has to fit the buffers of a comparison.
    private const int MostStates = 1024;

    private readonly INamedTensors _a;
    private readonly INamedTensors _b;
    private readonly int? _states;

    /// <summary>Prepares to take two sets apart alike: what one file does not say of itself, the other may.</summary>
    public StateFinder(INamedTensors a, INamedTensors b, int? states) => (_a, _b, _states) = (a, b, states);

    /// <summary>Whether <see cref="Find"/> has taken features apart.</summary>
    public bool HasSplitFeatures { get; private set; }

    /// <summary>The states of a set, in the order of the computation; other tensors, whole, by name.</summary>
    /// <param name="set">One of the two.</param>
    /// <param name="tensors">Those of its tensors that are wanted.</param>
    /// <param name="nameOf">What a tensor is to be called.</param>
    public List<StateView> Find(INamedTensors set, IReadOnlyList<NamedTensor> tensors, Func<NamedTensor, string> nameOf)
    {
        HashSet<string> taken = [.. tensors.Select(nameOf)];
        List<StateView> states = [];
        foreach (NamedTensor tensor in tensors)
        {
            string name = nameOf(tensor);
            StateView[] parts = Split(set, tensor, name);

            // A file may hold dumps' names beside the tensor that would be taken apart into them: then it stays whole.
            if (parts.Length == 0 || parts.Any(x => taken.Contains(x.Name)))
            {
                parts = [Whole(tensor, name)];
            }

            taken.UnionWith(parts.Select(x => x.Name));
            states.AddRange(parts);
        }

        return states;
    }

    /// <summary>A tensor as rows of its last dimension; a vector is one row, a scalar an element of one.</summary>
    public static StateView Whole(NamedTensor tensor, string name)
    {
        long[] shape = [.. tensor.Shape.SkipWhile(x => x == 1)];
        long count = tensor.ByteLength / tensor.ElementType.ByteSize();
        long channels = count == 0 ? 0 : shape.Length == 0 ? 1 : shape[^1];
        return new StateView(name, tensor, shape, count == 0 ? 0 : count / channels, channels);
    }

    private StateView[] Split(INamedTensors set, NamedTensor tensor, string name)
    {
        if (tensor.ElementType.IsIntegral() || tensor.ByteLength == 0)
        {
            return [];
        }

        if (name.Contains(HiddenStates, StringComparison.Ordinal) && tensor.Shape is [> 1 and <= MostStates, _, _])
        {
            return SplitStacked(set, tensor, name);
        }

        bool isFeatures = name.Contains(Features, StringComparison.Ordinal) || name is DumpedFeatures or PromptEmbeds;
        if (isFeatures && tensor.Shape.Count >= 2 && StatesIn(tensor.Shape[^1]) is { } states)
        {
            HasSplitFeatures = true;
            return SplitInterleaved(tensor, name == DumpedFeatures ? Features : name, states);
        }

        return [];
    }

    private StateView[] SplitStacked(INamedTensors set, NamedTensor tensor, string name)
    {
        int count = (int)tensor.Shape[0];
        long rows = tensor.Shape[1], channels = tensor.Shape[2];
        INamedTensors other = ReferenceEquals(set, _a) ? _b : _a;
        string profile = set.Metadata.GetValueOrDefault(ProfileKey) ?? other.Metadata.GetValueOrDefault(ProfileKey) ?? "ltx";
        return
        [
            .. Enumerable.Range(0, count).Select(i => new StateView(NameOf(i), tensor, [rows, channels], rows, channels) { First = i * rows * channels }),
        ];

        // Profile car ends with the last block's output, LTX and the Transformers library with its norm.
        string NameOf(int i) => name != HiddenStates
            ? string.Create(CultureInfo.InvariantCulture, $"{name}/{i}")
            : i == 0
                ? "hidden_000_embed"
                : i == count - 1 && profile != "car"
                    ? "hidden_final_norm"
                    : string.Create(CultureInfo.InvariantCulture, $"hidden_{i:000}_block{i - 1:00}");
    }

    private static StateView[] SplitInterleaved(NamedTensor tensor, string name, int states)
    {
        long channels = tensor.Shape[^1] / states, rows = tensor.ByteLength / tensor.ElementType.ByteSize() / tensor.Shape[^1];
        return
        [
            .. Enumerable.Range(0, states).Select(i => new StateView(
                string.Create(CultureInfo.InvariantCulture, $"{name}/{i}"), tensor, [rows, channels], rows, channels) { Stride = states, Lane = i }),
        ];
    }

    private int? StatesIn(long width)
    {
        if (_states is { } wanted)
        {
            return Fits(wanted) ? wanted : null;
        }

        foreach (INamedTensors set in new[] { _a, _b })
        {
            if (int.TryParse(set.Metadata.GetValueOrDefault(StatesKey), NumberStyles.None, CultureInfo.InvariantCulture, out int said) && Fits(said))
            {
                return said;
            }
        }

        NamedTensor? hidden = _a.Tensors.Concat(_b.Tensors).FirstOrDefault(x =>
            x.Name.Contains(HiddenStates, StringComparison.Ordinal) && x.Shape is [> 1 and <= MostStates, _, > 0] && width % x.Shape[2] == 0 && x.Shape[0] == width / x.Shape[2]);
        return hidden is not null
            ? (int)hidden.Shape[0]
            : GemmaPreset.All.FirstOrDefault(x => (long)x.HiddenSize * (x.LayerCount + 1) == width) is { } preset ? preset.LayerCount + 1 : null;

        bool Fits(int states) => states is > 1 and <= MostStates && width % states == 0;
    }
}
