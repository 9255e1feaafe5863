using ManagedGemma.Kernels;
using ManagedGemma.Ltx.Products;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Connector;

/// <summary>Puts keys and values into their pages. A task is one head of the slots that share a page.</summary>
/// <param name="kernels">Kernels.</param>
/// <param name="sizes">Sizes.</param>
/// <param name="rows">[slots, q | k | v | …].</param>
/// <param name="pages">Takes keys and values.</param>
internal readonly unsafe struct HeadPageStep(KernelTable kernels, LtxConnectorConfig sizes, Buffer2D rows, HeadPages pages) : IJob
{
    /// <summary>The number of tasks.</summary>
    public int Tasks => sizes.HeadCount * pages.Pages;

    public void Run(int task, Worker worker)
    {
        int head = task / pages.Pages, page = task % pages.Pages, dim = sizes.HeadDim, slot = page * HeadPages.PageSlots;
        float* keys = rows.Floats + (slot * rows.Stride) + sizes.Width + (head * dim);
        kernels.TileTranspose.Transpose(keys, rows.Stride, HeadPages.PageSlots, dim, pages.Keys(head, page));
        for (int i = 0; i < HeadPages.PageSlots; i++)
        {
            ReadOnlySpan<float> value = new(keys + (i * rows.Stride) + sizes.Width, dim);
            value.CopyTo(new Span<float>(pages.Values(head) + ((nint)(slot + i) * dim), dim));
        }
    }
}
