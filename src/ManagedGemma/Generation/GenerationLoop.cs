using System.Diagnostics;
using ManagedGemma.Generation.Lookup;
using ManagedGemma.Memory;
using ManagedGemma.Model;

namespace ManagedGemma.Generation;

/// <summary>
/// Runs sequences, several in a pass: a thread that lives while there are any. Each pass takes one more token of every text (and candidates
/// for the next ones), or some tokens of prompts, or both. Sequences of different precision take turns.
/// </summary>
internal sealed class GenerationLoop(GemmaModel model, GeneratorOptions options) : IDisposable
{
    // While others wait for their next token, prompts are read in smaller pieces.
    private const int PromptTokensBesideText = 64;

    private readonly Lock _lock = new();
    private readonly Queue<GenerationSequence> _waiting = new();
    private readonly List<GenerationSequence> _running = [];
    private readonly Dictionary<Precision, PassCosts> _costs = [];
    private NativeBuffer _logits = NativeBuffer.Empty;
    private Thread? _thread;
    private Pass? _pass;
    private bool _disposed;

    /// <summary>Passes that ran; for tests.</summary>
    public int Passes { get; private set; }

    /// <summary>The most sequences that shared a pass; for tests.</summary>
    public int MostTogether { get; private set; }

    /// <summary>Whether its thread lives; for tests.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _thread is not null;
            }
        }
    }

    /// <summary>Takes a sequence on.</summary>
    /// <exception cref="ObjectDisposedException">The generator has been disposed; the sequence is freed.</exception>
    public void Submit(GenerationSequence sequence)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _waiting.Enqueue(sequence);
                if (_thread is null)
                {
                    _thread = new Thread(Run) { IsBackground = true, Name = "ManagedGemma generation" };
                    _thread.Start();
                }

                return;
            }
        }

        sequence.Dispose();
        sequence.Free();
        throw new ObjectDisposedException(nameof(GemmaTextGenerator));
    }

    /// <summary>Tells that a sequence's caller has gone: a pass that runs for such only is broken off.</summary>
    public void Notice(GenerationSequence sequence)
    {
        lock (_lock)
        {
            if (_pass is { } pass && pass.Sequences.Contains(sequence) && pass.Sequences.TrueForAll(other => other.IsOver))
            {
                pass.Cancellation.Cancel();
            }
        }
    }

    /// <summary>Ends all sequences; a pass under way is broken off.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            _disposed = true;
            _pass?.Cancellation.Cancel();
            thread = _thread;
        }

        thread?.Join();
        _logits.Dispose();
    }

    private void Run()
    {
        int turn = 0;
        while (Admit())
        {
            Precision[] kinds = [.. _running.Select(sequence => sequence.Precision).Distinct().Order()];
            Precision precision = kinds[turn++ % kinds.Length];
            Pass pass = new(_running.FindAll(sequence => sequence.Precision == precision));
            lock (_lock)
            {
                _pass = pass;
                if (_disposed || pass.Sequences.TrueForAll(sequence => sequence.IsOver))
                {
                    pass.Cancellation.Cancel();
                }
            }

            try
            {
                RunPass(pass, precision);
            }
#pragma warning disable CA1031 // Whatever a pass throws belongs to the callers of its sequences, who get it there.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                bool isBrokenOff = exception is OperationCanceledException && pass.Cancellation.IsCancellationRequested;
                pass.Sequences.Where(sequence => !isBrokenOff && !sequence.IsOver).ToList().ForEach(sequence => sequence.Fail(exception));
            }

            lock (_lock)
            {
                _pass = null;
            }

            pass.Cancellation.Dispose();
        }
    }

    // Frees what is over, begins what waits; false when there is nothing left, and the thread ends.
    private bool Admit()
    {
        List<GenerationSequence> over;
        bool goesOn;
        lock (_lock)
        {
            if (_disposed)
            {
                ObjectDisposedException exception = new(nameof(GemmaTextGenerator));
                _running.AddRange(_waiting);
                _waiting.Clear();
                _running.FindAll(sequence => !sequence.IsOver).ForEach(sequence => sequence.Fail(exception));
            }

            over = _running.FindAll(sequence => sequence.IsOver);
            _running.RemoveAll(over.Contains);
            while (_running.Count < options.MaxSequences && _waiting.TryDequeue(out GenerationSequence? next))
            {
                (next.IsOver ? over : _running).Add(next);
            }

            // From here on another thread may run the loop.
            goesOn = _running.Count > 0;
            _thread = goesOn ? _thread : null;
        }

        over.ForEach(sequence => sequence.Free());
        return goesOn;
    }

    private void RunPass(Pass pass, Precision precision)
    {
        List<GenerationSequence> texts = pass.Sequences.FindAll(sequence => sequence.PromptLeft == 0 && !sequence.IsOver);
        List<GenerationSequence> prompts = pass.Sequences.FindAll(sequence => sequence.PromptLeft > 0 && !sequence.IsOver);
        List<SequenceInput> inputs = [];
        if (!_costs.TryGetValue(precision, out PassCosts? costs))
        {
            _costs.Add(precision, costs = new PassCosts());
        }

        int rows = texts.Count;
        foreach (GenerationSequence sequence in texts)
        {
            // Candidates save passes, of which a prompt beside them needs its own anyway; and the time of such a pass says nothing.
            inputs.Add(sequence.TextInput(texts.Count, rows, prompts.Count == 0 ? costs : null));
            rows += inputs[^1].Tokens.Count - 1;
        }

        int left = texts.Count > 0 ? Math.Min(PromptTokensBesideText, options.PromptTokens) : options.PromptTokens;
        List<GenerationSequence> taking = [.. texts];
        foreach (GenerationSequence sequence in prompts)
        {
            int count = Math.Min(sequence.PromptLeft, left);
            if (count > 0)
            {
                inputs.Add(sequence.PromptInput(count));
                taking.Add(sequence);
                left -= count;
            }
        }

        if (inputs.Count == 0)
        {
            return;
        }

        ReserveLogits((long)inputs.Sum(input => input.LogitRows) * model.LogitCount);
        long start = Stopwatch.GetTimestamp();
        model.Step(inputs, precision, _logits, pass.Cancellation.Token);
        if (taking.Count == texts.Count)
        {
            costs.Add(rows, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        Passes++;
        MostTogether = Math.Max(MostTogether, inputs.Count);
        HandOut(taking, inputs);
    }

    private unsafe void HandOut(List<GenerationSequence> sequences, List<SequenceInput> inputs)
    {
        float* logits = _logits.Floats;
        for (int i = 0; i < sequences.Count; i++)
        {
            int rows = inputs[i].LogitRows;
            try
            {
                if (rows == 0)
                {
                    sequences[i].PromptRead();
                }
                else
                {
                    sequences[i].Accept(new Span<float>(logits, rows * model.LogitCount), rows);
                }
            }
#pragma warning disable CA1031 // It belongs to this sequence's caller, and not to the others'.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                sequences[i].Fail(exception);
            }

            logits += (nint)rows * model.LogitCount;
        }
    }

    private void ReserveLogits(long floats)
    {
        if ((long)_logits.ByteLength < floats * sizeof(float))
        {
            _logits.Dispose();
            _logits = NativeBuffer.OfFloats(floats);
        }
    }

    // What runs now, and what breaks it off.
    private sealed record Pass(List<GenerationSequence> Sequences)
    {
        public CancellationTokenSource Cancellation { get; } = new();
    }
}
