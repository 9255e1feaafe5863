using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using ManagedGemma.Generation.Lookup;
using ManagedGemma.Generation.Sampling;
using ManagedGemma.Generation.Text;
using ManagedGemma.Model;
using ManagedGemma.Tokenization;

namespace ManagedGemma.Generation;

/// <summary>
/// One generation on its way: the loop's thread asks it for tokens and gives it logits; its caller reads updates. The caller's thread
/// touches nothing but <see cref="Updates"/> and <see cref="Dispose"/>.
/// </summary>
internal sealed class GenerationSequence : IDisposable
{
    private readonly GenerationRequest _request;
    private readonly GenerationLoop _loop;
    private readonly Func<string> _identity;
    private readonly Channel<GenerationUpdate> _updates =
        Channel.CreateUnbounded<GenerationUpdate>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = false });

    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _registration;
    private readonly TokenNgrams _tokens = new();
    private readonly TokenSampler _sampler;
    private readonly TokenText _text;
    private readonly LookupPolicy _policy = new();
    private readonly int _prefixTokens;
    private readonly long _submitted = Stopwatch.GetTimestamp();
    private readonly SequenceCache _cache;

    private List<int> _candidates = [];
    private int _matched;
    private int _generated;
    private int _guessed;
    private int _passes;
    private long _begun;
    private long _first;
    private volatile bool _left;

    public GenerationSequence(
        GenerationRequest request, GemmaModel model, PromptTokenizer tokenizer, GenerationLoop loop, Func<string> identity, CancellationToken cancellation)
    {
        _request = request;
        _loop = loop;
        _identity = identity;
        _cancellation = cancellation;
        _sampler = new TokenSampler(request.Options);
        _text = new TokenText(tokenizer, request.Options.StopStrings);
        foreach (int id in request.Prompt)
        {
            _tokens.Add(id);
            _sampler.Add(id);
        }

        _cache = request.Prefix?.Fork(request.Prompt) ?? model.NewSequence();
        _prefixTokens = _cache.Length;
        _registration = cancellation.UnsafeRegister(static state => ((GenerationSequence)state!).Leave(), this);
    }

    /// <summary>What the caller reads.</summary>
    public ChannelReader<GenerationUpdate> Updates => _updates.Reader;

    /// <summary>The precision of its products.</summary>
    public Precision Precision => _request.Options.Precision;

    /// <summary>Whether nobody waits for it any more, or it has ended.</summary>
    public bool IsOver => _left || IsDone;

    /// <summary>Whether it has ended.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Tokens of the prompt that are not read yet.</summary>
    public int PromptLeft => Math.Max(0, _request.Prompt.Length - _cache.Length);

    /// <summary>Its part in a pass that reads some tokens of its prompt; the last one's logits begin the text.</summary>
    public SequenceInput PromptInput(int count)
    {
        _begun = _begun == 0 ? Stopwatch.GetTimestamp() : _begun;
        return new SequenceInput(
            _cache, new ArraySegment<int>(_request.Prompt, _cache.Length, count), ByRow: false, LogitRows: count == PromptLeft ? 1 : 0);
    }

    /// <summary>Its part in a pass that continues the text: the last token, and candidates for those behind it.</summary>
    /// <param name="sequences">Sequences that continue in the pass.</param>
    /// <param name="rows">Their tokens so far, this one's own included.</param>
    /// <param name="costs">What passes take; null: no candidates.</param>
    public SequenceInput TextInput(int sequences, int rows, PassCosts? costs)
    {
        int most = Math.Min(LookupPolicy.Most, Math.Min(_request.Options.MaxTokens - _generated, _request.ContextLength - _tokens.Tokens.Count) - 1);
        _candidates = _request.Options.PromptLookup == PromptLookup.Off || costs is null || most < 1 ? [] : _tokens.Candidates(most, out _matched);
        if (_candidates.Count > 0)
        {
            int count = _request.Options.PromptLookup == PromptLookup.On
                ? Math.Min(_candidates.Count, Math.Max(0, PassCosts.MostRows - rows))
                : _policy.Choose(_matched, _candidates.Count, sequences, rows, costs!);
            if (count == 0)
            {
                // Not tried; but the token that comes tells what would have been.
                return new SequenceInput(_cache, [_tokens.Tokens[^1]], ByRow: true, LogitRows: 1);
            }

            _candidates.RemoveRange(count, _candidates.Count - count);
            return new SequenceInput(_cache, [_tokens.Tokens[^1], .. _candidates], ByRow: true, LogitRows: count + 1);
        }

        return new SequenceInput(_cache, [_tokens.Tokens[^1]], ByRow: true, LogitRows: 1);
    }

    /// <summary>Tells that tokens of the prompt were read, and no text follows yet.</summary>
    public void PromptRead() => _request.Options.Progress?.Report(new PromptProgress(_cache.Length, _request.Prompt.Length));

    /// <summary>Takes the logits of a pass: chooses tokens as long as candidates are right, and tells the caller.</summary>
    /// <param name="logits">[rows, vocabulary]: overwritten.</param>
    /// <param name="rows">One for the token that is needed, one for each candidate that was tried.</param>
    public void Accept(Span<float> logits, int rows)
    {
        int vocabulary = logits.Length / rows, before = _cache.Length - rows, tried = rows - 1, right = 0;
        bool isText = _first != 0, wrong = false;
        _passes += isText ? 1 : 0;
        StepUpdate update = new();
        for (int row = 0; row < rows; row++)
        {
            Span<float> own = logits.Slice(row * vocabulary, vocabulary);
            int id = Choose(own, update);
            if (!isText || row >= _candidates.Count)
            {
                Take(id, update);
                break;
            }

            wrong = id != _candidates[row];
            right += wrong ? 0 : 1;
            _guessed += !wrong && row < tried ? 1 : 0;
            Take(id, update);
            if (wrong || IsDone || row == tried)
            {
                break;
            }
        }

        if (isText && _candidates.Count > 0)
        {
            _policy.Learn(_matched, right, wrong);
        }

        if (isText)
        {
            // What wrong candidates left behind is written over.
            _cache.Length = before + Math.Min(rows, update.Ids.Count + (update.HasStopId ? 1 : 0));
        }

        Publish(update);
    }

    /// <summary>Ends it by a failure.</summary>
    public void Fail(Exception exception)
    {
        IsDone = true;
        _updates.Writer.TryComplete(exception);
    }

    /// <summary>Gives the memory back; the loop calls it once the sequence is in no pass any more.</summary>
    public void Free()
    {
        _cache.Dispose();
        _updates.Writer.TryComplete(_cancellation.IsCancellationRequested ? new OperationCanceledException(_cancellation) : null);
    }

    /// <summary>The caller goes.</summary>
    public void Dispose()
    {
        _registration.Dispose();
        Leave();
    }

    private void Leave()
    {
        _left = true;
        _loop.Notice(this);
    }

    private int Choose(Span<float> logits, StepUpdate update)
    {
        int? alternatives = _request.Options.LogProbabilities;
        float[]? raw = alternatives is null ? null : logits.ToArray();
        int id = _sampler.Choose(logits, _generated);
        if (raw is not null)
        {
            update.LogProbabilities.Add(LogSoftmax.Of(raw, id, alternatives!.Value));
        }

        return id;
    }

    private void Take(int id, StepUpdate update)
    {
        _first = _first == 0 ? Stopwatch.GetTimestamp() : _first;
        _generated++;
        if (_request.StopIds.Contains(id))
        {
            update.HasStopId = true;
            update.End = FinishReason.Stop;
            update.StoppedBy = id.ToString(CultureInfo.InvariantCulture);
            IsDone = true;
            return;
        }

        _tokens.Add(id);
        _sampler.Add(id);
        update.Ids.Add(id);
        update.Text += _text.Add(id);
        if (_text.StoppedBy is { } text)
        {
            update.End = FinishReason.Stop;
            update.StoppedBy = text;
            IsDone = true;
        }
        else if (_generated >= _request.Options.MaxTokens || _tokens.Tokens.Count >= _request.ContextLength)
        {
            update.End = FinishReason.Length;
            IsDone = true;
        }
    }

    private void Publish(StepUpdate update)
    {
        long now = Stopwatch.GetTimestamp();
        PromptPrefix? prefix = null;
        GenerationUsage? usage = null;
        if (update.End is not null)
        {
            update.Text += _text.Finish();
            usage = new GenerationUsage(
                _request.Prompt.Length,
                _prefixTokens,
                _generated,
                _guessed,
                _passes,
                Stopwatch.GetElapsedTime(_begun, _first),
                Stopwatch.GetElapsedTime(_first, now),
                Stopwatch.GetElapsedTime(_submitted, _begun));
            prefix = _request.Options.KeepPrefix
                ? new PromptPrefix(_cache.Fork(_cache.Length), [.. _tokens.Tokens.Take(_cache.Length)], Precision, _identity())
                : null;
        }

        GenerationUpdate published = new()
        {
            Text = update.Text,
            TokenIds = update.Ids,
            LogProbabilities = update.LogProbabilities,
            FinishReason = update.End,
            StoppedBy = update.StoppedBy,
            Usage = usage,
            Prefix = prefix,
        };
        if (!_updates.Writer.TryWrite(published))
        {
            prefix?.Dispose();
        }

        if (IsDone)
        {
            _updates.Writer.TryComplete();
        }
    }

    // What a step brings, as it comes together.
    private sealed class StepUpdate
    {
        public string Text { get; set; } = "";

        public List<int> Ids { get; } = [];

        public List<TokenLogProbability> LogProbabilities { get; } = [];

        public FinishReason? End { get; set; }

        public string? StoppedBy { get; set; }

        public bool HasStopId { get; set; }
    }
}
