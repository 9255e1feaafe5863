using ManagedGemma.Checkpoints;
using ManagedGemma.Generation;
using ManagedGemma.Model;
using ManagedGemma.Tests.Support;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Tests.Generation;

/// <summary>Beginnings of prompts that are computed once: the same text, in memory and from a file.</summary>
public sealed class PromptPrefixTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("managed-gemma-test-").FullName;
    private readonly GemmaTextGenerator _generator = GemmaTextGenerator.LoadDemo(options: new GeneratorOptions { PromptTokens = 50 });

    public void Dispose()
    {
        _generator.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Lengths around pages of 32 and the window of 64; the prompt goes on behind the prefix, ends within it, or leaves it early.
    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(230)]
    public void Text_behind_a_prefix_has_the_bits_of_the_whole_prompts(int length)
    {
        int[] all = GeneratorTests.Ids(9, length + 40);
        int[] begin = all[..length];
        string path = Path.Combine(_folder, "prefix.safetensors");
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            using PromptPrefix computed = _generator.ComputePrefix(begin, precision);
            computed.Save(path);
            using PromptPrefix loaded = PromptPrefix.Load(path, _generator);
            Assert.Equal(begin, loaded.TokenIds);
            Assert.Equal(precision, loaded.Precision);
            foreach (int[] prompt in new[] { all, [.. begin, 71], begin, [.. begin[..Math.Max(1, length / 2)], 90, 91] })
            {
                GenerationOptions options = new() { MaxTokens = 12, LogProbabilities = 1, Precision = precision, StopIds = [] };
                GenerationResult expected = _generator.Complete(prompt, options), first = _generator.Complete(prompt, options, computed);
                Assert.True(GeneratorTests.Same(expected, first));
                Assert.True(GeneratorTests.Same(expected, _generator.Complete(prompt, options, loaded)));
                if (prompt.Length > length)
                {
                    Assert.Equal(prompt == all || prompt.Length == length + 1 ? length : first.Usage.PrefixTokens, first.Usage.PrefixTokens);
                }
            }
        }
    }

    [Fact]
    public void Generations_share_a_prefix_at_once_and_leave_it_as_it_was()
    {
        int[] begin = GeneratorTests.Ids(3, 75);
        using PromptPrefix prefix = _generator.ComputePrefix(begin);
        long bytes = prefix.ByteLength;
        GenerationOptions options = new() { MaxTokens = 70, StopIds = [] };
        GenerationResult[] expected = [.. Enumerable.Range(0, 6).Select(i => _generator.Complete([.. begin, 80 + i], options))];
        for (int round = 0; round < 3; round++)
        {
            Parallel.For(0, 6, i => Assert.True(GeneratorTests.Same(expected[i], _generator.Complete([.. begin, 80 + i], options, prefix))));
        }

        Assert.Equal(bytes, prefix.ByteLength);
    }

    [Fact]
    public void A_generation_leaves_its_text_as_the_prefix_of_the_next_turn()
    {
        GenerationOptions options = new() { MaxTokens = 20, StopIds = [], KeepPrefix = true };
        int[] prompt = GeneratorTests.Ids(1, 90);
        GenerationResult turn = _generator.Complete(prompt, options);
        using PromptPrefix prefix = turn.Prefix!;
        Assert.Equal([.. prompt, .. turn.TokenIds.SkipLast(1)], prefix.TokenIds);
        int[] next = [.. prompt, .. turn.TokenIds, 90, 91];
        GenerationResult second = _generator.Complete(next, options with { KeepPrefix = false }, prefix);
        Assert.Equal(prefix.TokenIds.Count, second.Usage.PrefixTokens);
        Assert.Null(second.Prefix);

        // With 4-bit weights generated tokens have the bits of a prompt's.
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            GenerationOptions exact = options with { Precision = precision, LogProbabilities = 1 };
            GenerationResult first = _generator.Complete(prompt, exact);
            using PromptPrefix kept = first.Prefix!;
            next = [.. prompt, .. first.TokenIds, 90, 91];
            GenerationResult with = _generator.Complete(next, exact with { KeepPrefix = false }, kept), without = _generator.Complete(next, exact with { KeepPrefix = false });
            Assert.True(GeneratorTests.Same(without, with));
        }
    }

    [Fact]
    public void Another_precision_and_another_checkpoint_are_refused()
    {
        using PromptPrefix prefix = _generator.ComputePrefix([2, 70, 71]);
        Assert.Equal("prefix", Assert.Throws<GemmaException>(() => _generator.Complete([2, 70, 71, 72], new() { Precision = Precision.Fast }, prefix)).Subject);
        using GemmaTextGenerator other = new(GemmaModel.Load(ZooModel.Named("text-4bit").Path), new ByteTokenizer());
        Assert.Throws<GemmaException>(() => other.Complete([2, 70, 71, 72], null, prefix));
        string path = Path.Combine(_folder, "prefix.safetensors");
        prefix.Save(path);
        GemmaException exception = Assert.Throws<GemmaException>(() => PromptPrefix.Load(path, other));
        Assert.Equal((path, "model"), (exception.FilePath, exception.Subject));
    }

    [Fact]
    public void Disposing_a_prefix_waits_for_nobody_and_breaks_nobody()
    {
        PromptPrefix prefix = _generator.ComputePrefix(GeneratorTests.Ids(5, 40));
        GenerationOptions options = new() { MaxTokens = 50, StopIds = [] };
        int[] prompt = [.. prefix.TokenIds, 75];
        GenerationResult expected = _generator.Complete(prompt, options);
        List<GenerationUpdate> updates = [];
        foreach (GenerationUpdate update in _generator.Generate(prompt, options, prefix))
        {
            prefix.Dispose();
            updates.Add(update);
        }

        Assert.Equal(expected.TokenIds, updates.SelectMany(update => update.TokenIds));
        Assert.Throws<ObjectDisposedException>(() => prefix.Save(Path.Combine(_folder, "no")));
    }

    // Every byte of the header changed in turn, and the file cut anywhere: refused by name, or read as something that is in order.
    [Fact]
    public void Damaged_files_are_refused()
    {
        string path = Path.Combine(_folder, "prefix.safetensors");
        using (PromptPrefix prefix = _generator.ComputePrefix(GeneratorTests.Ids(6, 70)))
        {
            prefix.Save(path);
        }

        byte[] bytes = File.ReadAllBytes(path);
        int header = 8 + (int)BitConverter.ToUInt64(bytes);
        Random random = new(1);
        int refused = 0;
        for (int i = 0; i < 300; i++)
        {
            byte[] damaged = [.. bytes];
            int at = random.Next(header + (70 * 4));
            damaged[at] = (byte)(damaged[at] ^ (1 << random.Next(8)));
            refused += Refused(i % 4 == 0 ? damaged[..random.Next(damaged.Length)] : damaged);
        }

        Assert.InRange(refused, 250, 300);

        int Refused(byte[] damaged)
        {
            File.WriteAllBytes(path, damaged);
            try
            {
                PromptPrefix.Load(path, _generator).Dispose();
                return 0;
            }
            catch (GemmaException)
            {
                return 1;
            }
        }
    }

    // Numbers that no computation leaves would spread through every text behind them.
    [Theory]
    [InlineData("token_ids, token 2", "an id below 320", 4, 320)]
    [InlineData("token_ids, token 2", "an id below 320", 4, -1)]
    [InlineData("layers.0.keys, row 1", "numbers", 12, 0x7fc00000)]
    [InlineData("layers.0.values, row 1", "numbers", 12 + (3 * 64 * 4), 0x7f800000)]
    public void A_file_that_no_prefix_was_saved_to_is_refused_by_name(string subject, string expected, int at, int word)
    {
        string path = Path.Combine(_folder, "prefix.safetensors");
        using (PromptPrefix prefix = _generator.ComputePrefix([2, 70, 71]))
        {
            prefix.Save(path);
        }

        byte[] bytes = File.ReadAllBytes(path);
        BitConverter.TryWriteBytes(bytes.AsSpan(8 + (int)BitConverter.ToUInt64(bytes) + at), word);
        File.WriteAllBytes(path, bytes);
        GemmaException exception = Assert.Throws<GemmaException>(() => PromptPrefix.Load(path, _generator));
        Assert.Equal((path, subject, expected), (exception.FilePath, exception.Subject, exception.Expected));
    }

    [Fact]
    public void The_identity_is_the_contents_and_not_the_places()
    {
        string source = ZooModel.Named("text-4bit").Path, copy = Path.Combine(_folder, "copy");
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.EnumerateFiles(source).Where(file => !file.Contains("golden", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        string expected = Identity(source);
        Assert.Equal(expected, Identity(copy));
        string weights = Path.Combine(copy, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Assert.NotEqual(expected, Identity(copy));
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        string config = Path.Combine(copy, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"sliding_window\": 16", "\"sliding_window\": 17", StringComparison.Ordinal));
        Assert.NotEqual(expected, Identity(copy));

        static string Identity(string path)
        {
            using GemmaCheckpoint checkpoint = GemmaCheckpoint.Open(path);
            return Convert.ToHexString(CheckpointIdentity.Of(checkpoint));
        }
    }
}
