using System.Buffers;
using System.Threading.Tasks.Sources;

namespace RaftStream.Raft.Wire;

/// <summary>
/// What waits to be sent to one peer on one lane: two halves, one being filled by the sending agent, one being written by the link's
/// writer, which swaps them. So everything that accumulated during one socket write goes into the next.
/// Owned by its link; reused over all of the link's connections.
/// </summary>
/// <remarks>
/// <see cref="TryAdd"/> holds the lock for a copy, the writer for a swap, so neither waits for a socket. The writer is woken only when
/// it waits for something to send: a row of frames wakes it once.
/// Both halves together never hold more than the lane's backlog. A half keeps 64 KiB; what it needs beyond that comes from the shared
/// pool and goes back after the write, so that an idle peer costs little.
/// One writer at a time: <see cref="ReadyAsync"/>, <see cref="Take"/>, write, again.
/// </remarks>
internal sealed class SendBuffer : IValueTaskSource<bool>
{
    private readonly Lock _gate = new();
    private readonly int _backlog;
    private Half _filling = new();
    private Half _writing = new();
    private ManualResetValueTaskSourceCore<bool> _ready;
    private bool _waiting;
    private volatile bool _open;

    /// <summary>A closed buffer for at most <paramref name="backlog"/> bytes.</summary>
    public SendBuffer(int backlog)
    {
        _backlog = backlog;

        // The agent that adds a frame must not run the writer's socket calls on its own thread.
        _ready.RunContinuationsAsynchronously = true;
    }

    /// <summary>Whether a connection takes what is added.</summary>
    public bool IsOpen => _open;

    /// <summary>Bytes that wait or are being written.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
                return _filling.Used + _writing.Used;
        }
    }

    /// <summary>Copies a frame in, with its outer header. False: closed, or no room.</summary>
    public bool TryAdd(ReadOnlySpan<byte> frame)
    {
        var size = Frame.OuterSize + frame.Length;
        bool wake;
        lock (_gate)
        {
            if (!_open || _filling.Used + _writing.Used + size > _backlog)
                return false;
            var destination = _filling.Reserve(size);
            Frame.WriteOuter(destination, frame.Length);
            frame.CopyTo(destination[Frame.OuterSize..]);
            wake = _waiting;
            _waiting = false;
        }

        if (wake)
            _ready.SetResult(true);
        return true;
    }

    /// <summary>A connection is up: takes frames from here on.</summary>
    public void Open()
    {
        lock (_gate)
        {
            Invariant.Check(!_open && !_waiting, "a link has one connection at a time");
            _filling.Clear();
            _writing.Clear();
            _open = true;
        }
    }

    /// <summary>The connection is gone: drops what waits and sends the writer home. Raft sends again whatever matters.</summary>
    public void Close()
    {
        bool wake;
        lock (_gate)
        {
            _open = false;
            _filling.Clear();
            wake = _waiting;
            _waiting = false;
        }

        if (wake)
            _ready.SetResult(false);
    }

    /// <summary>The writer of a closed buffer has ended: gives back the memory of what it was writing.</summary>
    public void Release()
    {
        lock (_gate)
        {
            Invariant.Check(!_open, "a buffer is released when it is closed");
            _writing.Clear();
        }
    }

    /// <summary>For the writer, whose last batch is written: true once there is something to take, false when closed.</summary>
    public ValueTask<bool> ReadyAsync()
    {
        lock (_gate)
        {
            _writing.Clear();
            if (!_open)
                return new(false);
            if (_filling.Used > 0)
                return new(true);
            _ready.Reset();
            _waiting = true;
            return new(this, _ready.Version);
        }
    }

    /// <summary>All whole frames that wait, checksums not filled in; the writer's until it calls <see cref="ReadyAsync"/> again. May be empty after a close.</summary>
    public Memory<byte> Take()
    {
        lock (_gate)
        {
            (_filling, _writing) = (_writing, _filling);
            return _writing.Bytes.AsMemory(0, _writing.Used);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _ready.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _ready.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _ready.OnCompleted(continuation, state, token, flags);

    private sealed class Half
    {
        private const int KeptSize = 64 * 1024;

        private readonly byte[] _kept = new byte[KeptSize];

        public Half() => Bytes = _kept;

        public byte[] Bytes { get; private set; }

        public int Used { get; private set; }

        public Span<byte> Reserve(int size)
        {
            if (Bytes.Length - Used < size)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Used + size, 2 * Bytes.Length));
                Bytes.AsSpan(0, Used).CopyTo(larger);
                GiveBack();
                Bytes = larger;
            }

            var room = Bytes.AsSpan(Used, size);
            Used += size;
            return room;
        }

        public void Clear()
        {
            Used = 0;
            GiveBack();
            Bytes = _kept;
        }

        private void GiveBack()
        {
            if (!ReferenceEquals(Bytes, _kept))
                ArrayPool<byte>.Shared.Return(Bytes);
        }
    }
}
