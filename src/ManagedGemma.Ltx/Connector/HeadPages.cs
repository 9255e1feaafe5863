using ManagedGemma.Kernels.TileTranspose;
using ManagedGemma.Memory;

namespace ManagedGemma.Ltx.Connector;

/// <summary>
/// Keys and values of one block, head by head, as the float product wants them: keys in pages of 32 slots, transposed, [head dim][32];
/// values [slots][head dim].
/// </summary>
internal sealed unsafe class HeadPages : IDisposable
{
    /// <summary>Slots of a page.</summary>
    public const int PageSlots = ITileTranspose.TileRows;

    private readonly int _headDim;
    private readonly int _slots;
    private readonly nint _pageFloats;
    private readonly NativeBuffer _keys;
    private readonly NativeBuffer _values;

    /// <summary>Room for some slots: a multiple of 32.</summary>
    public HeadPages(LtxConnectorConfig sizes, int slots)
    {
        _headDim = sizes.HeadDim;
        _slots = slots;
        _pageFloats = (nint)(_headDim + ITileTranspose.ColumnMultiple - 1) / ITileTranspose.ColumnMultiple * ITileTranspose.ColumnMultiple * PageSlots;
        _keys = NativeBuffer.OfFloats((long)sizes.HeadCount * Pages * _pageFloats);
        _values = NativeBuffer.OfFloats((long)sizes.HeadCount * slots * _headDim);
    }

    /// <summary>Pages of a head.</summary>
    public int Pages => _slots / PageSlots;

    /// <summary>A page of a head's keys, [head dim][32].</summary>
    public float* Keys(int head, int page) => _keys.Floats + ((((nint)head * Pages) + page) * _pageFloats);

    /// <summary>A head's values, [slots][head dim].</summary>
    public float* Values(int head) => _values.Floats + ((nint)head * _slots * _headDim);

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }
}
