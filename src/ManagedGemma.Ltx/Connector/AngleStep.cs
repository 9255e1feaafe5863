using ManagedGemma.Ltx.Products;
using ManagedGemma.Model.Steps;
using ManagedGemma.Threading;

namespace ManagedGemma.Ltx.Connector;

/// <summary>Fills the tables of cosines and sines, [positions, width / 2].</summary>
internal readonly struct AngleStep(float[] frequencies, float maxPosition, Buffer2D cos, Buffer2D sin) : IJob
{
    public void Run(int task, Worker worker)
    {
        (int first, int end) = TokenStep.Range(task, cos.Rows);
        for (int position = first; position < end; position++)
        {
            ConnectorRope.Angles(frequencies, ConnectorRope.Fraction(position, maxPosition), cos.Row(position), sin.Row(position));
        }
    }
}
