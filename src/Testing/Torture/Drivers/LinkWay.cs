using System.Diagnostics;

namespace RaftStream.Testing;

/// <summary>
/// The state of one directed way between two ends, shared by all proxied connections that carry bytes along it, whoever dialled them: a connection
/// that i dials to j carries bytes i to j and bytes j to i, and each of these ways may be in trouble of its own. Thread-safe; lives as long as its driver.
/// </summary>
internal sealed class LinkWay
{
    private readonly Lock _lock = new();
    private readonly SimRandom _random;
    private LinkFault _fault = LinkFault.None;
    private TaskCompletionSource _changed = NewSignal();
    private long _touched;
    private long _freeAt;

    /// <summary>A way in good order; <paramref name="seed"/> is what its chances are drawn from.</summary>
    public LinkWay(Link link, ulong seed)
    {
        Link = link;
        // Neighbouring ways must not draw the same numbers from one seed.
        _random = new SimRandom(seed ^ ((ulong)(uint)link.From << 32) ^ (uint)link.To);
    }

    /// <summary>From whom to whom.</summary>
    public Link Link { get; }

    /// <summary>How many bytes were held up, dropped or spoilt; a connection that could not be opened, or its end that was held up, counts as one.</summary>
    public long Touched => Interlocked.Read(ref _touched);

    /// <summary>Whether nothing passes.</summary>
    public bool Drops => Read().Fault.Drops;

    /// <summary>The fault in force, and a task that ends when it is no longer.</summary>
    public (LinkFault Fault, Task Changed) Read()
    {
        lock (_lock)
            return (_fault, _changed.Task);
    }

    /// <summary>Puts the way in a state; whoever waits because of the state before looks again.</summary>
    public void Set(LinkFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        TaskCompletionSource changed;
        lock (_lock)
        {
            _fault = fault;
            _freeAt = 0;
            changed = _changed;
            _changed = NewSignal();
        }
        changed.SetResult();
    }

    /// <summary>Counts what a fault has done.</summary>
    public void Touch(long bytes) => Interlocked.Add(ref _touched, bytes);

    /// <summary>True with that probability.</summary>
    public bool Chance(double probability)
    {
        if (probability <= 0)
            return false;
        lock (_lock)
            return _random.Chance(probability);
    }

    /// <summary>A number from 0 to <paramref name="exclusive"/> - 1.</summary>
    public int Below(int exclusive)
    {
        lock (_lock)
            return _random.Below(exclusive);
    }

    /// <summary>A number from 0 up to 1.</summary>
    public double Unit()
    {
        lock (_lock)
            return _random.NextUnit();
    }

    /// <summary>
    /// Takes a place on a way that carries only so many bytes a second, behind those that came before on any connection; returns the instant,
    /// as <see cref="Stopwatch.GetTimestamp"/> counts, at which the bytes are through.
    /// </summary>
    public long Reserve(int bytes, long bytesPerSecond)
    {
        lock (_lock)
        {
            var start = Math.Max(Stopwatch.GetTimestamp(), _freeAt);
            _freeAt = start + (long)((double)bytes / bytesPerSecond * Stopwatch.Frequency);
            return _freeAt;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
