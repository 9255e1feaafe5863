using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ManagedGemma.Checkpoints;
using ISA = System.Runtime.Intrinsics.X86.Avx512BW;
using Vec = System.Runtime.Intrinsics.Vector512;
using VecB = System.Runtime.Intrinsics.Vector512<byte>;
using VecF = System.Runtime.Intrinsics.Vector512<float>;
using VecU = System.Runtime.Intrinsics.Vector512<uint>;

namespace ManagedGemma.Kernels.RowUnpack;

/// <summary>
/// Sixteen weights at once, whatever their bits: 16 bytes go to every 128-bit lane, a shuffle puts the one or two bytes of weight i into
/// 32-bit element i, a shift brings its bits down.
/// </summary>
internal sealed unsafe class MlxUnpackAvx512 : IMlxUnpack
{
    private const int LoadBytes = 16;
    private const int MostGroupBytes = 128;

    // By the number of bits.
    private static readonly VecB[] Places = [.. Enumerable.Range(0, 9).Select(PlacesOf)];
    private static readonly VecU[] Shifts = [.. Enumerable.Range(0, 9).Select(ShiftsOf)];

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
        int beyond = LoadBytes - (VecF.Count * format.Bits / 8), direct = Math.Max(0, ((groups * groupBytes) - beyond) / groupBytes);
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
                    Widen<Affine>(source, Places[format.Bits], Shifts[format.Bits], format.Bits, format.GroupSize, piece, scales, biases, destination);
                    break;
                case QuantizationMode.MxFp8:
                    Widen<E4M3>(source, Places[format.Bits], Shifts[format.Bits], format.Bits, format.GroupSize, piece, scales, biases, destination);
                    break;
                default:
                    Widen<E2M1>(source, Places[format.Bits], Shifts[format.Bits], format.Bits, format.GroupSize, piece, scales, biases, destination);
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
        byte* source, VecB places, VecU shifts, int bits, int groupSize, int groups, float* scales, float* biases, float* destination)
        where TDecode : struct, IDecode
    {
        VecU mask = Vec.Create((1u << bits) - 1);
        nint step = VecF.Count * bits / 8;
        for (int group = 0; group < groups; group++)
        {
            VecF scale = Vec.Create(scales[group]), bias = Vec.Create(biases[group]);
            for (float* end = destination + groupSize; destination < end; destination += VecF.Count, source += step)
            {
                VecB all = ISA.BroadcastVector128ToVector512((uint*)source).AsByte();
                VecU codes = ISA.ShiftRightLogicalVariable(ISA.Shuffle(all, places).AsUInt32(), shifts) & mask;
                TDecode.Decode(codes, scale, bias).Store(destination);
            }
        }
    }

    // Bytes of element i: where its weight begins, the next one when the weight crosses into it, nothing (the high bit) above.
    private static VecB PlacesOf(int bits)
    {
        Span<byte> places = stackalloc byte[VecB.Count];
        places.Fill(0x80);
        for (int i = 0; i < VecF.Count; i++)
        {
            int bit = i * bits;
            places[4 * i] = (byte)(bit >> 3);
            places[(4 * i) + 1] = (bit & 7) + bits > 8 ? (byte)((bit >> 3) + 1) : (byte)0x80;
        }

        return Vec.Create<byte>(places);
    }

    private static VecU ShiftsOf(int bits)
    {
        Span<uint> shifts = stackalloc uint[VecU.Count];
        for (int i = 0; i < VecU.Count; i++)
        {
            shifts[i] = (uint)(i * bits) & 7;
        }

        return Vec.Create<uint>(shifts);
    }

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
            // The first eight are the magnitudes; the fourth bit is the sign.
            VecF magnitudes = Vec.ShuffleNative(Vec.Create(MicroFloat.E2M1), (codes & Vec.Create(7u)).AsInt32());
            return scale * (magnitudes.AsUInt32() ^ ((codes & Vec.Create(8u)) << 28)).AsSingle();
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
