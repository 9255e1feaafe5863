using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ManagedGemma.Checkpoints;
using Vec = System.Runtime.Intrinsics.Vector128;
using VecB = System.Runtime.Intrinsics.Vector128<byte>;
using VecF = System.Runtime.Intrinsics.Vector128<float>;
using VecI = System.Runtime.Intrinsics.Vector128<int>;
using VecU = System.Runtime.Intrinsics.Vector128<uint>;

namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>
/// Eight weights a step, whatever their bits, since they end with a byte: from 16 bytes a shuffle puts the one or two bytes of weight i, and
/// another those of weight i + 4, into 32-bit element i; a product with a power of two and a common shift bring its bits down
/// (.NET's portable vectors have no shift of each element by its own count).
/// </summary>
internal sealed unsafe class MlxUnpackVector128 : IMlxUnpack
{
    private const int LoadBytes = 16;
    private const int MostGroupBytes = 128;

    private const int StepWeights = 8;
    private const int MostShift = 7;

    // By the number of bits.
    private static readonly Step[] Steps = [.. Enumerable.Range(0, 9).Select(bits => new Step(PlacesOf(bits, 0), PlacesOf(bits, 4), FactorsOf(bits, 0), FactorsOf(bits, 4)))];

    private interface IDecode
    {
        static abstract VecF Decode(VecU codes, VecF scale, VecF bias);
    }

    [SkipLocalsInit]
    public void Unpack(in MlxFormat format, in PackedRow row, int first, float* destination, int count)
    {
        int groupBytes = format.GroupSize * format.Bits / 8, firstGroup = first / format.GroupSize, groups = count / format.GroupSize;
        byte* source = row.Values + ((nint)firstGroup * groupBytes);

        // The last load takes more bytes than its weights have: groups where that may be too many are read from a copy with room behind it.
        int beyond = LoadBytes - format.Bits, direct = Math.Max(0, ((groups * groupBytes) - beyond) / groupBytes);
        Widen(format, row, firstGroup, direct, source, destination);
        if (direct < groups)
        {
            byte* copy = stackalloc byte[MostGroupBytes + (2 * LoadBytes)];
            Unsafe.CopyBlockUnaligned(copy, source + ((nint)direct * groupBytes), (uint)((groups - direct) * groupBytes));
            Widen(format, row, firstGroup + direct, groups - direct, copy, destination + ((nint)direct * format.GroupSize));
        }
    }

    [SkipLocalsInit]
    private static void Widen(in MlxFormat format, in PackedRow row, int firstGroup, int groups, byte* source, float* destination)
    {
        float* scales = stackalloc float[GroupScales.Most];
        float* biases = stackalloc float[GroupScales.Most];
        while (groups > 0)
        {
            int piece = Math.Min(groups, GroupScales.Most), weights = piece * format.GroupSize;
            GroupScales.Read(format, row, firstGroup, new Span<float>(scales, piece), new Span<float>(biases, piece));
            switch (format.Mode)
            {
                case QuantizationMode.Affine:
                    Widen<Affine>(source, Steps[format.Bits], format.Bits, format.GroupSize, piece, scales, biases, destination);
                    break;
                case QuantizationMode.MxFp8:
                    Widen<E4M3>(source, Steps[format.Bits], format.Bits, format.GroupSize, piece, scales, biases, destination);
                    break;
                default:
                    Widen<E2M1>(source, Steps[format.Bits], format.Bits, format.GroupSize, piece, scales, biases, destination);
                    break;
            }

            source += weights * format.Bits / 8;
            destination += weights;
            firstGroup += piece;
            groups -= piece;
        }
    }

    [MethodImpl(KernelMethod.Options)]
    private static void Widen<TDecode>(
        byte* source, in Step step, int bits, int groupSize, int groups, float* scales, float* biases, float* destination)
        where TDecode : struct, IDecode
    {
        VecU mask = Vec.Create((1u << bits) - 1);
        VecB lowPlaces = step.LowPlaces, highPlaces = step.HighPlaces;
        VecU lowFactors = step.LowFactors, highFactors = step.HighFactors;
        for (int group = 0; group < groups; group++)
        {
            VecF scale = Vec.Create(scales[group]), bias = Vec.Create(biases[group]);
            for (float* end = destination + groupSize; destination < end; destination += StepWeights, source += bits)
            {
                VecB all = Vec.Load(source);
                VecU low = ((Vec.Shuffle(all, lowPlaces).AsUInt32() * lowFactors) >>> MostShift) & mask;
                VecU high = ((Vec.Shuffle(all, highPlaces).AsUInt32() * highFactors) >>> MostShift) & mask;
                TDecode.Decode(low, scale, bias).Store(destination);
                TDecode.Decode(high, scale, bias).Store(destination + VecF.Count);
            }
        }
    }

    // Bytes of element i: where its weight begins, the next one when the weight crosses into it, nothing (the high bit) above.
    private static VecB PlacesOf(int bits, int first)
    {
        Span<byte> places = stackalloc byte[VecB.Count];
        places.Fill(0x80);
        for (int i = 0; i < VecF.Count; i++)
        {
            int bit = (first + i) * bits;
            places[4 * i] = (byte)(bit >> 3);
            places[(4 * i) + 1] = (bit & 7) + bits > 8 ? (byte)((bit >> 3) + 1) : (byte)0x80;
        }

        return Vec.Create<byte>(places);
    }

    // Two bytes times at most 2⁷ stay far below 2³².
    private static VecU FactorsOf(int bits, int first)
    {
        Span<uint> factors = stackalloc uint[VecU.Count];
        for (int i = 0; i < VecU.Count; i++)
        {
            factors[i] = 1u << (MostShift - (((first + i) * bits) & 7));
        }

        return Vec.Create<uint>(factors);
    }

    private readonly record struct Step(VecB LowPlaces, VecB HighPlaces, VecU LowFactors, VecU HighFactors);

    private readonly struct Affine : IDecode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static VecF Decode(VecU codes, VecF scale, VecF bias) => (scale * Vec.ConvertToSingle(codes.AsInt32())) + bias;
    }

    private readonly struct E2M1 : IDecode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static VecF Decode(VecU codes, VecF scale, VecF bias)
        {
            // The first eight are the magnitudes, here doubled to be bytes (those above the lowest of an element choose the first, which
            // is 0); the fourth bit is the sign.
            VecB doubled = Vec.Create((byte)0, 1, 2, 3, 4, 6, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0);
            VecI magnitudes = Vec.Shuffle(doubled, (codes & Vec.Create(7u)).AsByte()).AsInt32();
            return scale * ((Vec.ConvertToSingle(magnitudes) * 0.5f).AsUInt32() ^ ((codes & Vec.Create(8u)) << 28)).AsSingle();
        }
    }

    private readonly struct E4M3 : IDecode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static VecF Decode(VecU codes, VecF scale, VecF bias)
        {
            // Exponent and mantissa moved into place with the difference of the biases added; below the least exponent they are a
            // whole number of 2⁻⁹. No intermediate value is subnormal, which some processors are slow with.
            VecU magnitudes = codes & Vec.Create(0x7Fu);
            VecU normal = (magnitudes << 20) + Vec.Create((127u - 7) << 23);
            VecU small = (Vec.ConvertToSingle(magnitudes.AsInt32()) * Vec.Create(1f / 512)).AsUInt32();
            VecU values = Vec.ConditionalSelect(Vec.LessThan(magnitudes, Vec.Create(8u)), small, normal);
            values |= Vec.Equals(magnitudes, Vec.Create(0x7Fu)) | ((codes & Vec.Create(0x80u)) << 24);
            return scale * values.AsSingle();
        }
    }
}
