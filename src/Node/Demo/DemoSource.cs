using System.Diagnostics;

namespace RaftStream.Node.Demo;

/// <summary>
/// The text that the demo streams, with the two things a demo needs that real life does not: a pace, and a gate.
/// </summary>
/// <remarks>
/// A cluster counts the default text in a fraction of a second, before anybody could kill a node in the middle of it. So a small source
/// is paced to last about four seconds (and the report says so, for its records/s are then the pace's and not the cluster's), a large one
/// is not paced at all. The gate makes sure that the leader is killed in the middle, whatever the speeds: no pass gives a byte beyond
/// 60 % of the text, nor its end, until the leader is dead. The leader is killed at 50 % committed, so that normally nobody waits here.
/// What is committed already is sent again without a pace: the new leader only compares it.
/// </remarks>
internal sealed class DemoSource
{
    /// <summary>Sources of this many bytes and more are sent as fast as they are taken.</summary>
    public const long UnpacedFrom = 16 * 1024 * 1024;

    private static readonly TimeSpan PacedDuration = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);
    private const long SlowestPace = 32 * 1024;

    private readonly string _path;
    private readonly int _repeat;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _committed;

    /// <summary>The file, that often.</summary>
    public DemoSource(string path, int repeat)
    {
        _path = path;
        _repeat = repeat;
        Length = checked(new FileInfo(path).Length * repeat);
        PaceBytesPerSecond = Length >= UnpacedFrom ? null : Math.Max(SlowestPace, (long)(Length / PacedDuration.TotalSeconds));
        GateAt = Length - (Length * 4 / 10);
    }

    /// <summary>All its bytes.</summary>
    public long Length { get; }

    /// <summary>The pace, or null: as fast as the cluster takes it.</summary>
    public long? PaceBytesPerSecond { get; }

    /// <summary>Where the gate stands, in bytes from the start.</summary>
    public long GateAt { get; }

    /// <summary>Whether a pass waits at the gate.</summary>
    public bool AtGate { get; private set; }

    /// <summary>Up to where the text is known to be committed.</summary>
    public long Committed
    {
        get => Volatile.Read(ref _committed);
        set => Volatile.Write(ref _committed, value);
    }

    /// <summary>Opens the gate for good.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>The text from its start, without gate and pace.</summary>
    public Stream OpenPlain() => new RepeatedStream(_path, _repeat);

    /// <summary>The text from its start, for one try to ingest it.</summary>
    public Stream OpenPass() => new Pass(this, OpenPlain());

    private async ValueTask WaitAtGateAsync(CancellationToken cancellationToken)
    {
        AtGate = true;
        await _released.Task.WaitAsync(cancellationToken);
        AtGate = false;
    }

    private sealed class Pass(DemoSource source, Stream inner) : ForwardStream
    {
        private readonly long _freeUntil = source.Committed;
        private long _position;
        private long _paceStart;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!source._released.Task.IsCompleted)
            {
                if (_position >= source.GateAt)
                    await source.WaitAtGateAsync(cancellationToken);
                else
                    buffer = buffer[..(int)Math.Min(buffer.Length, source.GateAt - _position)];
            }
            if (source.PaceBytesPerSecond is { } pace)
                buffer = buffer[..await PaceAsync(buffer.Length, pace, cancellationToken)];
            var count = await inner.ReadAsync(buffer, cancellationToken);
            _position += count;
            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }

        // How many of the wanted bytes may go now: at least one, after a wait if need be.
        private async ValueTask<int> PaceAsync(int wanted, long pace, CancellationToken cancellationToken)
        {
            if (_position < _freeUntil)
                return (int)Math.Min(wanted, _freeUntil - _position);
            if (_paceStart == 0)
                _paceStart = Stopwatch.GetTimestamp();
            while (true)
            {
                var due = _freeUntil + (long)(Stopwatch.GetElapsedTime(_paceStart).TotalSeconds * pace);
                if (due > _position)
                    return (int)Math.Min(wanted, due - _position);
                await Task.Delay(Step, cancellationToken);
            }
        }
    }
}
