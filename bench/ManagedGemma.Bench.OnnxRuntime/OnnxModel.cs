using System.Runtime.InteropServices;

namespace ManagedGemma.Bench.OnnxRuntime;

/// <summary>
/// A model of <c>com.microsoft.MatMulNBits</c> nodes alone, as bytes: y_i [tokens, rows] = x [tokens, columns] · w_iᵀ. Field numbers are
/// those of onnx.proto3; weights are initialisers, which is what lets ONNX Runtime repack them at load.
/// </summary>
internal static class OnnxModel
{
    private const int Float = 1, UInt8 = 2;
    private const int Int8Accuracy = 4;

    /// <summary>The input's name.</summary>
    public const string Input = "x";

    /// <summary>An output's name.</summary>
    public static string Output(int index) => $"y{index}";

    /// <summary>The model's file.</summary>
    public static byte[] Of(IReadOnlyList<AffineMatrix> matrices, int tokens)
    {
        ProtobufWriter model = new();
        model.Integer(1, 10);
        model.Message(7, graph => Graph(graph, matrices, tokens));
        model.Message(8, opset => opset.Text(1, string.Empty).Integer(2, 21));
        model.Message(8, opset => opset.Text(1, "com.microsoft").Integer(2, 1));
        return model.Written.ToArray();
    }

    private static void Graph(ProtobufWriter graph, IReadOnlyList<AffineMatrix> matrices, int tokens)
    {
        for (int i = 0; i < matrices.Count; i++)
        {
            (AffineMatrix matrix, int index) = (matrices[i], i);
            graph.Message(1, node => Node(node, matrix, index));
        }

        graph.Text(2, "products");
        for (int i = 0; i < matrices.Count; i++)
        {
            (AffineMatrix matrix, int groups) = (matrices[i], matrices[i].Columns / AffineMatrix.Group);
            Initializer(graph, $"w{i}", UInt8, matrix.Nibbles, matrix.Rows, groups, AffineMatrix.Group / 2);
            Initializer(graph, $"s{i}", Float, MemoryMarshal.AsBytes<float>(matrix.Scales), matrix.Scales.Length);
            Initializer(graph, $"z{i}", UInt8, matrix.PackedZeros, matrix.Scales.Length / 2);
        }

        Value(graph, 11, Input, tokens, matrices[0].Columns);
        for (int i = 0; i < matrices.Count; i++)
        {
            Value(graph, 12, Output(i), tokens, matrices[i].Rows);
        }
    }

    private static void Node(ProtobufWriter node, AffineMatrix matrix, int index)
    {
        foreach (string input in new[] { Input, $"w{index}", $"s{index}", $"z{index}" })
        {
            node.Text(1, input);
        }

        node.Text(2, Output(index)).Text(3, $"product{index}").Text(4, "MatMulNBits");
        foreach ((string name, int value) in new[]
        {
            ("K", matrix.Columns), ("N", matrix.Rows), ("bits", 4), ("block_size", AffineMatrix.Group), ("accuracy_level", Int8Accuracy),
        })
        {
            node.Message(5, attribute => attribute.Text(1, name).Integer(3, value).Integer(20, 2));
        }

        node.Text(7, "com.microsoft");
    }

    private static void Initializer(ProtobufWriter graph, string name, int type, ReadOnlySpan<byte> data, params int[] shape)
    {
        ProtobufWriter tensor = new();
        foreach (int size in shape)
        {
            tensor.Integer(1, size);
        }

        tensor.Integer(2, type).Text(8, name).Bytes(9, data);
        graph.Bytes(5, tensor.Written);
    }

    private static void Value(ProtobufWriter graph, int field, string name, params int[] shape) => graph.Message(field, value => value
        .Text(1, name)
        .Message(2, type => type.Message(1, tensor => tensor.Integer(1, Float).Message(2, sizes =>
        {
            foreach (int size in shape)
            {
                sizes.Message(1, dimension => dimension.Integer(1, size));
            }
        }))));
}
