using ManagedGemma.Cli.Tests.Support;

namespace ManagedGemma.Cli.Tests;

/// <summary>What goes wrong ends in one clear line, the right exit code, and no file.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Output => _directory["out.safetensors"];

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, string[]> WrongUsage() => new()
    {
        { "no command", [] },
        { "unknown command 'fox'", ["fox"] },
        { "'--output' is required", ["encode", "a"] },
        { "unknown option '--fox'", ["encode", "a", "--output", "OUT", "--fox"] },
        { "unknown option '--fox'", ["encode", "--output", "OUT", "--fox"] },
        { "unknown option '--fox'", ["encode", "--fox", "a"] },
        { "unknown option '--fox'", ["inspect", "--fox"] },
        { "unknown option '--fox'", ["tokenize", "a", "--fox"] },
        { "unexpected 'fox'", ["inspect", "fox"] },
        { "an argument and --file", ["encode", "a", "--file", "b", "--output", "OUT"] },
        { "an argument and --ids", ["encode", "a", "--ids", "2", "--output", "OUT"] },
        { "--file and --ids", ["encode", "--file", "b", "--ids", "2", "--output", "OUT"] },
        { "in 3 pieces; put it in quotes", ["encode", "a", "red", "fox", "--output", "OUT"] },
        { "not 'x'", ["encode", "--ids", "2,x", "--output", "OUT"] },
        { "not '-2'", ["encode", "--ids", "-2", "--output", "OUT"] },
        { "at least one", ["encode", "--ids", " , ", "--output", "OUT"] },
        { "--profile takes ltx or car, not 'x'", ["encode", "a", "--output", "OUT", "--profile", "x"] },
        { "--precision takes", ["encode", "a", "--output", "OUT", "--precision", "double"] },
        { "--features takes", ["encode", "a", "--output", "OUT", "--features", "v3"] },
        { "--dtype takes", ["encode", "a", "--output", "OUT", "--dtype", "f64"] },
        { "--pad takes", ["encode", "a", "--output", "OUT", "--pad", "right"] },
        { "--max-length takes a whole number", ["encode", "a", "--output", "OUT", "--max-length", "0"] },
        { "--max-length takes a whole number", ["encode", "a", "--output", "OUT", "--max-length", "99999999999"] },
        { "--threads takes a whole number", ["encode", "a", "--output", "OUT", "--threads", "many"] },
        { "--threads takes a whole number", ["encode", "a", "--output", "OUT", "--threads", "-1"] },
        { "--model takes a directory", ["encode", "a", "--output", "OUT", "--model", ""] },
        { "--output takes a file", ["encode", "a", "--output", "-"] },
        { "--output", ["encode", "a", "--output"] },
        { "--output takes a directory", ["encode", "--batch", "a", "--output", "-"] },
        { "--batch brings its own prompts", ["encode", "a", "--batch", "b", "--output", "OUT"] },
        { "--batch brings its own prompts", ["encode", "--ids", "2", "--batch", "b", "--output", "OUT"] },
        { "unknown option '--fox'", ["encode", "--batch", "b", "--output", "OUT", "--fox"] },
        { "--overwrite goes with --batch", ["encode", "a", "--overwrite", "--output", "OUT"] },
        { "--batch-tokens goes with --batch", ["encode", "a", "--batch-tokens", "9", "--output", "OUT"] },
        { "--batch-format takes", ["encode", "--batch", "b", "--batch-format", "csv", "--output", "OUT"] },
        { "'--output' is required", ["condition", "a", "--ltx", "b"] },
        { "--format hdr needs --ltx FILE", ["condition", "a", "--output", "OUT"] },
        { "--format takes hdr", ["condition", "a", "--ltx", "b", "--format", "x", "--output", "OUT"] },
        { "--length takes a multiple of 128", ["condition", "a", "--ltx", "b", "--length", "1000", "--output", "OUT"] },
        { "--length takes a whole number from 1 to 32768", ["condition", "a", "--ltx", "b", "--length", "65536", "--output", "OUT"] },
        { "--output takes a file", ["condition", "a", "--ltx", "b", "--output", "-"] },
        { "--file and --ids", ["condition", "--ltx", "b", "--file", "c", "--ids", "2", "--output", "OUT"] },
        { "--jsonl brings its own prompts", ["tokenize", "a", "--jsonl", "-"] },
        { "leave --json out", ["tokenize", "--json", "--jsonl", "-"] },
        { "SOURCE and DESTINATION are paths", ["quantize", "", "OUT"] },
        { "Required argument 'DESTINATION'", ["quantize", "a"] },
        { "unexpected 'c'", ["quantize", "a", "OUT", "c"] },
        { "unknown option '--fox'", ["quantize", "a", "OUT", "--fox"] },
        { "unknown option '--fox'", ["quantize", "--fox", "OUT"] },
        { "--bits takes a whole number", ["quantize", "a", "OUT", "--bits", "9"] },
        { "--bits takes 2, 3, 4, 5, 6 or 8, not 7", ["quantize", "a", "OUT", "--bits", "7"] },
        { "--group-size takes 32, 64 or 128, not 16", ["quantize", "a", "OUT", "--group-size", "16"] },
        { "--mode mxfp4 has 4 bits in groups of 32", ["quantize", "a", "OUT", "--mode", "mxfp4", "--bits", "8"] },
        { "--mode takes", ["quantize", "a", "OUT", "--mode", "gptq"] },
        { "--dtype takes", ["quantize", "a", "OUT", "--dtype", "f64"] },
        { "--threads takes a whole number", ["quantize", "a", "OUT", "--threads", "0"] },
        { "not both", ["tokenize", "a", "--model", "x", "--tokenizer", "y"] },
    };

    [Theory]
    [MemberData(nameof(WrongUsage))]
    public void Wrong_usage_ends_with_2_and_a_hint(string expected, string[] args)
    {
        string line = Tool.Run([.. args.Select(x => x == "OUT" ? Output : x)]).Fails(2);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Matches(@"\(see managed-gemma( condition| encode| tokenize| inspect| quantize)? --help\)$", line);
        Assert.Empty(_directory.Entries);
    }

    [Fact]
    public void No_prompt_at_a_terminal_ends_with_2()
    {
        using StringWriter output = new();
        using StringWriter error = new();
        Hosting.Host host = new()
        {
            Input = () => throw new InvalidOperationException("a terminal must not be waited for"),
            IsInputRedirected = false,
            Out = output,
            IsOutTerminal = false,
            Error = error,
            IsErrorTerminal = false,
        };
        Assert.Equal(2, CommandLine.Run(["encode", "--output", Output], host));
        Assert.Contains("no prompt", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_model_is_named() =>
        Assert.Contains(_directory["nothing"], Fails("a", "--model", _directory["nothing"]), StringComparison.Ordinal);

    [Fact]
    public void A_directory_without_config_is_named()
    {
        Directory.CreateDirectory(_directory["model"]);
        string line = Tool.Run("encode", "a", "--model", _directory["model"], "--output", Output).Fails(1);
        Assert.Contains("no config.json", line, StringComparison.Ordinal);
        Assert.Equal(["model"], _directory.Entries);
    }

    [Fact]
    public void A_model_without_tokenizer_needs_ids() =>
        Assert.Contains("tokenizer.json", Fails("a", "--model", Repository.Zoo), StringComparison.Ordinal);

    [Fact]
    public void Truncated_weights_are_named()
    {
        string model = CopyZoo();
        string shard = Path.Combine(model, "model-00002-of-00002.safetensors");
        using (FileStream file = new(shard, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        string line = Tool.Run("encode", "--ids", "2", "--model", model, "--output", Output).Fails(1);
        Assert.Contains("model-00002-of-00002.safetensors", line, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
    }

    [Theory]
    [InlineData("hidden-size-2-31")]
    [InlineData("index-outside")]
    [InlineData("layers-1e9")]
    [InlineData("no-weights")]
    [InlineData("rope-nan")]
    public void A_bad_checkpoint_is_refused_by_encode_and_inspect(string name)
    {
        Fails("--ids", "2", "--model", Repository.Bad(name));
        Tool.Run("inspect", "--model", Repository.Bad(name)).Fails(1);
    }

    [Fact]
    public void A_model_from_the_environment_that_is_not_there_is_no_reason_for_the_demo()
    {
        Dictionary<string, string> environment = new() { ["MANAGED_GEMMA_MODEL"] = _directory["nothing"] };
        Assert.Contains(_directory["nothing"], Tool.RunChild(environment, ["encode", "a", "--output", Output]).Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_prompt_file_that_is_not_there_is_named() =>
        Assert.Contains("does not exist", Fails("--file", _directory["nothing"]), StringComparison.Ordinal);

    [Fact]
    public void A_prompt_file_that_is_a_directory_is_named() =>
        Assert.Contains("directory", Fails("--file", Repository.Zoo), StringComparison.Ordinal);

    [Fact]
    public void A_prompt_that_is_not_utf8_is_refused_with_the_place()
    {
        using TemporaryDirectory input = new();
        File.WriteAllBytes(input["p.txt"], [0xEF, 0xBB, 0xBF, (byte)'a', 0xC3, (byte)'b']);
        string line = Fails("--file", input["p.txt"]);
        Assert.Contains("not UTF-8", line, StringComparison.Ordinal);
        Assert.Contains("position 4", line, StringComparison.Ordinal);
        Assert.Contains("standard input", Tool.RunWithInput([0xFF, 0xFE, 0x41, 0x00], "encode", "--output", Output).Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_output_directory_is_named()
    {
        string line = Tool.Run("encode", "a", "--output", _directory["no/such/out.safetensors"]).FailsBehindNotice(1);
        Assert.Contains("does not exist", line, StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Fact]
    public void An_output_below_a_file_cannot_be_written()
    {
        File.WriteAllText(_directory["file"], string.Empty);
        Tool.Run("encode", "a", "--output", _directory["file/out.safetensors"]).FailsBehindNotice(1);
        Assert.Equal(["file"], _directory.Entries);
    }

    [Theory]
    [InlineData("/dev/null")]
    [InlineData("/dev/full")]
    public void Devices_are_refused_as_outputs(string device)
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.Contains("device", Tool.Run("encode", "a", "--output", device).FailsBehindNotice(1), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_directory_is_refused_as_output() =>
        Assert.Contains("is a directory", Tool.Run("encode", "a", "--output", _directory.Path).FailsBehindNotice(1), StringComparison.Ordinal);

    [Fact]
    public void The_models_own_weights_are_not_overwritten()
    {
        string model = CopyZoo();
        string shard = Path.Combine(model, "model-00001-of-00002.safetensors");
        byte[] before = File.ReadAllBytes(shard);
        string line = Tool.Run("encode", "--ids", "2", "--model", model, "--output", shard).Fails(1);
        Assert.Contains("model's own", line, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(shard));
    }

    [Theory]
    [InlineData("encode --ids 2,5 --hidden-states")]
    [InlineData("encode --ids 2,5")]
    public void When_the_file_cannot_grow_nothing_is_left(string command)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // A limit of 1 MiB; the signal that goes with it is ignored, and .NET's double mapping of code would need a larger file.
        Outcome outcome = Tool.RunShell($"trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 2048; exec $CLI {command} --output \"$1\"", Output);
        Assert.Contains("cannot be written", outcome.FailsBehindNotice(1), StringComparison.Ordinal);
        Assert.Empty(_directory.Entries);
    }

    [Fact]
    public void A_full_disk_is_told_and_nothing_is_left()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Needs the right to mount; without it 77 comes back and there is nothing to test.
        const string Mount = "mount -t tmpfs -o size=1m none \"$1\" || exit 77";
        Outcome outcome = Tool.RunShell(
            $"export CLI; exec unshare -m sh -c '{Mount}; $CLI encode --ids 2,5 --output \"$1/out.safetensors\"; code=$?; ls -A \"$1\"; exit $code' sh \"$1\"",
            _directory.Path);
        if (outcome.Code is not (77 or 126 or 127) && !outcome.Error.StartsWith("unshare", StringComparison.Ordinal))
        {
            Assert.Contains("cannot be written", outcome.FailsBehindNotice(1), StringComparison.Ordinal);
            Assert.Empty(outcome.Out);
        }
    }

    [Fact]
    public void A_full_standard_output_is_told()
    {
        if (OperatingSystem.IsLinux())
        {
            Tool.RunShell("exec $CLI tokenize fox --quiet > /dev/full").Fails(1);
        }
    }

    [Fact]
    public void Control_characters_of_names_do_not_reach_the_terminal()
    {
        string line = Fails("a", "--model", _directory["\u001b[2Jfox\u0007\u202E"]);
        Assert.DoesNotContain(line, char.IsControl);
        Assert.Contains("\\u001B[2Jfox\\u0007\\u202E", line, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_instruction_set_is_told()
    {
        Dictionary<string, string> environment = new() { ["MANAGED_GEMMA_ISA"] = "mmx" };
        Assert.Contains("MANAGED_GEMMA_ISA", Tool.RunChild(environment, ["encode", "--ids", "2", "--model", Repository.Zoo, "--output", Output]).Fails(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stack_is_shown_only_for_debugging()
    {
        Dictionary<string, string> environment = new() { ["MANAGED_GEMMA_DEBUG"] = "1" };
        Outcome outcome = Tool.RunChild(environment, ["encode", "a", "--model", _directory["nothing"], "--output", Output]);
        Assert.Equal(1, outcome.Code);
        Assert.Contains("   at ", outcome.Error, StringComparison.Ordinal);
    }

    private string CopyZoo()
    {
        string model = _directory["model"];
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(Repository.Zoo))
        {
            File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        }

        return model;
    }

    private string Fails(params string[] args)
    {
        string line = Tool.Run(["encode", .. args, "--quiet", "--output", Output]).Fails(1);
        Assert.Empty(_directory.Entries);
        return line;
    }
}
