using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text;
using System.Text.Json.Serialization;

namespace ManagedGemma.Bench.Results;

/// <summary>The first line of a results file: on what they were measured.</summary>
internal sealed record Machine
{
    /// <summary>A short name of the kind of core, which is the file's.</summary>
    public required string Cpu { get; init; }

    /// <summary>As the processor calls itself.</summary>
    public required string Name { get; init; }

    public required string Vendor { get; init; }

    public required int Family { get; init; }

    public required int Model { get; init; }

    public required int Cores { get; init; }

    /// <summary>What managed code can use, of what matters here.</summary>
    public required IReadOnlyList<string> Flags { get; init; }

    public required string Dotnet { get; init; }

    public required string Date { get; init; }

    /// <summary>This machine.</summary>
    /// <param name="cpu">What to call its kind; null: as family and model say.</param>
    public static Machine This(string? cpu)
    {
        (string vendor, int family, int model) = X86Base.IsSupported ? Identify() : (string.Empty, 0, 0);
        return new Machine
        {
            Cpu = cpu ?? KindOf(vendor, family, model),
            Name = X86Base.IsSupported ? Brand() : RuntimeInformation.OSDescription,
            Vendor = vendor,
            Family = family,
            Model = model,
            Cores = Environment.ProcessorCount,
            Flags =
            [
                .. new (string Name, bool Has)[]
                {
                    ("avx2", Avx2.IsSupported),
                    ("fma", Fma.IsSupported),
                    ("avx_vnni", AvxVnni.IsSupported),
                    ("avx512f", Avx512F.IsSupported),
                    ("avx512bw", Avx512BW.IsSupported),
                    ("avx512_vbmi", Avx512Vbmi.IsSupported),
                    ("vector512", Vector512.IsHardwareAccelerated),
                }.Where(flag => flag.Has).Select(flag => flag.Name),
            ],
            Dotnet = Environment.Version.ToString(),
            Date = Today(),
        };
    }

    /// <summary>The date, for lines.</summary>
    public static string Today() => DateTime.UtcNow.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The kind of core that family and model stand for: AMD's by their generation, others by their numbers.</summary>
    public static string KindOf(string vendor, int family, int model) => (vendor, family) switch
    {
        ("AuthenticAMD", 26) => "zen5",
        ("AuthenticAMD", 25) => model is (>= 0x10 and <= 0x1F) or (>= 0x60 and <= 0x7F) or (>= 0xA0 and <= 0xAF) ? "zen4" : "zen3",
        ("AuthenticAMD", 23) => model >= 0x30 ? "zen2" : "zen",
        ("GenuineIntel", _) => $"intel-{family}-{model}",
        _ => RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
    };

    // Family and model with their extensions: CPUID leaf 1, as AMD's and Intel's manuals add them up.
    private static (string Vendor, int Family, int Model) Identify()
    {
        (_, int b, int c, int d) = X86Base.CpuId(0, 0);
        (int signature, _, _, _) = X86Base.CpuId(1, 0);
        int family = (signature >> 8) & 15, model = (signature >> 4) & 15;
        if (family is 6 or 15)
        {
            model |= (signature >> 12) & 0xF0;
        }

        return (Text(b, d, c), family == 15 ? family + ((signature >> 20) & 255) : family, model);
    }

    private static string Brand()
    {
        StringBuilder brand = new();
        for (int leaf = 2; leaf <= 4; leaf++)
        {
            (int a, int b, int c, int d) = X86Base.CpuId(unchecked((int)0x80000000) + leaf, 0);
            brand.Append(Text(a, b, c, d));
        }

        return brand.ToString().TrimEnd('\0', ' ');
    }

    private static string Text(params ReadOnlySpan<int> registers)
    {
        byte[] bytes = new byte[registers.Length * 4];
        for (int i = 0; i < registers.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), registers[i]);
        }

        return Encoding.ASCII.GetString(bytes);
    }
}

/// <summary>JSON of the first line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Machine))]
internal sealed partial class MachineJson : JsonSerializerContext;
