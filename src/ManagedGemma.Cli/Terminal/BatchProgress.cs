using ManagedGemma.Model;

namespace ManagedGemma.Cli.Terminal;

/// <summary>
/// How far a batch is. The work of prompts that have not been tokenised yet is guessed by their weight; tokens are counted as they are
/// known. One thread tells, others may ask.
/// </summary>
internal sealed class BatchProgress(int prompts, long weight, TimeProvider? time = null) : IProgress<LayerProgress>
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private long _start = -1;
    private long _last;
    private long _skipped;
    private int _prompts;
    private long _tokens;
    private (int Prompts, long Tokens, long Before, long Weight, double Share) _pass;

    /// <summary>A pass begins.</summary>
    /// <param name="count">Its prompts.</param>
    /// <param name="tokens">Their tokens.</param>
    /// <param name="before">The weight of all prompts that are settled.</param>
    /// <param name="passWeight">The weight of its own.</param>
    public void Begin(int count, long tokens, long before, long passWeight)
    {
        lock (_gate)
        {
            if (_start < 0)
            {
                // What was settled before the first pass took no time to speak of.
                _start = _last = _time.GetTimestamp();
                _skipped = before;
            }

            _pass = (count, tokens, before, passWeight, 0);
        }
    }

    /// <summary>A layer of the pass is done.</summary>
    public void Report(LayerProgress value) => Report((double)value.Done / value.Total);

    /// <summary>Some of the pass is done.</summary>
    /// <param name="share">How much, from 0 to 1.</param>
    public void Report(double share)
    {
        lock (_gate)
        {
            _pass.Share = share;
            _last = _time.GetTimestamp();
        }
    }

    /// <summary>The pass is done and written.</summary>
    public void End()
    {
        lock (_gate)
        {
            _prompts += _pass.Prompts;
            _tokens += _pass.Tokens;
            _pass = (0, 0, _pass.Before + _pass.Weight, 0, 0);
            _last = _time.GetTimestamp();
        }
    }

    /// <summary>How much is done, 0 to 1, and in words: prompts, tokens a second, time left.</summary>
    public (double Share, string Text) Read()
    {
        lock (_gate)
        {
            // Rates as of the last event: between two of them nothing is known to be done.
            double seconds = _start < 0 ? 0 : _time.GetElapsedTime(_start, _last).TotalSeconds;
            double tokens = _tokens + (_pass.Tokens * _pass.Share), done = _pass.Before + (_pass.Weight * _pass.Share);
            string text = $"{Amount.Count(_prompts)}/{Amount.Count(prompts)} prompts";
            if (tokens > 0 && seconds > 0 && done > _skipped)
            {
                double left = (seconds * (weight - done) / (done - _skipped)) - _time.GetElapsedTime(_last).TotalSeconds;
                text += $"  {Amount.Rate(tokens / seconds)} tokens/s  {Amount.TimeLeft(left)}";
            }

            return (weight == 0 ? 1 : done / weight, text);
        }
    }
}
