using ManagedGemma.Bench.Results;
using ManagedGemma.Tests.Support;

namespace ManagedGemma.Tests.House;

/// <summary>The README's figures are those that are stored.</summary>
public class SpeedTableTests
{
    private static readonly string[] Lines =
    [
        """{"cpu":"zen9","name":"Some CPU","vendor":"v","family":1,"model":2,"cores":2,"flags":[],"dotnet":"10.0.9","date":"2030-01-02"}""",
        """{"part":"roofline","date":"d","name":"maddwd-512","unit":"GMAC/s","threads":1,"value":233.26}""",
        """{"part":"roofline","date":"d","name":"fma-512","unit":"GMAC/s","threads":1,"value":1}""",
        """{"part":"roofline","date":"d","name":"memory","unit":"GB/s","threads":1,"value":38.04}""",
        """{"part":"roofline","date":"d","name":"maddwd-512","unit":"GMAC/s","threads":2,"value":466}""",
        """{"part":"slice","case":"prefill","precision":"fast","threads":1,"tokens":8,"layers":6,"tokens_per_s":99.94,"share":0.456,"limit_name":"maddwd-512"}""",
        """{"part":"slice","case":"decode","precision":"fast","threads":1,"tokens":1,"layers":6,"tokens_per_s":45.67,"share":0.9,"limit_name":"memory"}""",
        """{"part":"slice","case":"prefill","precision":"fast","threads":1,"tokens":128,"layers":6,"tokens_per_s":233.4,"share":0.7,"limit_name":"maddwd-512"}""",
        """{"part":"slice","case":"prefill","precision":"precise","threads":2,"tokens":8,"layers":6,"tokens_per_s":1.26,"share":0.3,"limit_name":null}""",
        """{"part":"onnxruntime","precision":"fast","threads":1,"tokens":8,"ratio":1.0,"onnxruntime":"1.2.3"}""",
        """{"part":"onnxruntime","precision":"fast","threads":1,"tokens":8,"ratio":4.0,"onnxruntime":"1.2.3"}""",
        """{"part":"onnxruntime","precision":"fast","threads":1,"tokens":1,"ratio":1.26,"onnxruntime":"1.2.3"}""",
    ];

    [Fact]
    public void The_readme_shows_the_stored_results()
    {
        string readme = File.ReadAllText(Path.Combine(TestFiles.Repository, "README.md"));
        Assert.Equal(SpeedTable.Apply(readme, SpeedTable.Read(Path.Combine(TestFiles.Repository, "bench", "results"))), readme);
    }

    [Fact]
    public void Results_become_tables_between_the_markers()
    {
        const string Expected = """
            above <!-- bench -->
            **zen9**: Some CPU, 2 cores, .NET 10.0.9, 2030-01-02. Its limits with 1 / 2 threads: maddwd-512 233 / 466 GMAC/s, memory 38.0 GB/s.

            | 6 layers of the 12b, tokens/s (share of the limit) | fast, 1 thread | precise, 2 threads |
            |-|-|-|
            | prefill, 8 tokens | 99.9 (0.46) | 1.3 (0.30) |
            | prefill, 128 tokens | 233 (0.70) |  |
            | decoding | 45.7 (0.90) |  |

            | times as fast as ONNX Runtime 1.2.3's MatMulNBits | fast, 1 thread |
            |-|-|
            | 8 tokens | 2.0 |
            | 1 token | 1.3 |

            <!-- /bench --> below
            """;
        Assert.Equal(Expected, SpeedTable.Apply("above <!-- bench -->old<!-- /bench --> below", [Lines]));
        Assert.Equal(Expected, SpeedTable.Apply(Expected, [Lines]));
    }

    [Fact]
    public void Without_results_nothing_stands_between_the_markers() =>
        Assert.Equal("<!-- bench -->\n<!-- /bench -->", SpeedTable.Apply("<!-- bench -->old<!-- /bench -->", []));

    [Theory]
    [InlineData("no markers")]
    [InlineData("<!-- /bench --> <!-- bench -->")]
    public void A_readme_without_markers_is_refused(string readme) => Assert.Throws<FormatException>(() => SpeedTable.Apply(readme, [Lines]));
}
