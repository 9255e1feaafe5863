// An ASP.NET endpoint: one model serves all requests, and a client that goes away ends its encode within a fraction of a layer's time.
// curl --data "A red fox" http://localhost:5000/features --output features.bin
using System.Globalization;
using System.Runtime.InteropServices;
using ManagedGemma;
using ManagedGemma.Conditioning;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(_ => GemmaTextEncoder.TryLoadDefault(out GemmaTextEncoder? found) ? found : GemmaTextEncoder.LoadDemo());
WebApplication app = builder.Build();
app.Services.GetRequiredService<GemmaTextEncoder>(); // Loaded now, not by the first request; disposed with the app.

EncodeOptions options = new() { Padding = Padding.None };
app.MapPost("/features", async (HttpContext context, GemmaTextEncoder encoder) =>
{
    using StreamReader reader = new(context.Request.Body);
    string prompt = await reader.ReadToEndAsync(context.RequestAborted);
    try
    {
        // Off the request's thread: it computes for as long as it takes. Requests take turns with the model's threads.
        PromptFeatures features = await Task.Run(() => encoder.Encode(prompt, options, cancellation: context.RequestAborted));
        context.Response.Headers["X-Shape"] = string.Create(CultureInfo.InvariantCulture, $"{features.Length},{features.Width}");
        return Results.Stream(body => WriteAsync(features, body, context.RequestAborted), "application/octet-stream");
    }
    catch (GemmaException exception)
    {
        return Results.BadRequest(exception.Message);
    }
});
app.Run();

// float32 values, little-endian, token by token: the features never exist as one array.
static async Task WriteAsync(PromptFeatures features, Stream body, CancellationToken cancellation)
{
    byte[] row = new byte[features.Width * sizeof(float)];
    for (int i = 0; i < features.Length; i++)
    {
        features.CopyRow(i, MemoryMarshal.Cast<byte, float>(row.AsSpan()));
        await body.WriteAsync(row, cancellation);
    }
}
