using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using System.Threading.Channels;

namespace RaftStream.Testing;

/// <summary>How one direction of a proxied connection came to its end.</summary>
internal enum PumpEnd
{
    /// <summary>The sender had said all, and the receiver was told so.</summary>
    Told = 0,

    /// <summary>The receiver takes no more; it tells so itself, on the other way.</summary>
    Refused = 1,

    /// <summary>Both ends must be reset: a fault says so, or the sender was reset itself.</summary>
    Reset = 2,
}

/// <summary>
/// Carries the bytes of one direction of a connection along a <see cref="LinkWay"/>. One loop reads, stamps and queues pieces, the other passes each on
/// when the way lets it: so a delay does not slow the stream down, and the order is that of the queue. Owned by its <see cref="ProxyConnection"/>.
/// </summary>
/// <remarks>
/// A way that drops holds everything up, as TCP does in a partition: the sender's bytes wait, up to a bound and then in the sender's own buffers, and its
/// end waits with them. Once the way is mended the connection either goes on with what was held, late and without a gap, as after retransmission, or, drawn
/// by chance, is reset, as after a time-out. It never goes on with a gap: TCP has none, and a system that trusts it would be blamed for our fault.
/// </remarks>
internal sealed class ProxyPump : IDisposable
{
    /// <summary>The largest piece in bytes.</summary>
    public const int MaxPiece = 16 * 1024;

    /// <summary>From how many bytes held on no more are read, so that the sender feels it; at most one piece more is held.</summary>
    public const int MaxHeld = 256 * 1024;

    private const int MaxPieces = 1024;

    /// <summary>The share of connections that were held up and are then reset.</summary>
    private const double ResetAfterHold = 0.5;

    private readonly LinkWay _way;
    private readonly SemaphoreSlim _room = new(0);
    private readonly Channel<Piece> _pieces = Channel.CreateBounded<Piece>(new BoundedChannelOptions(MaxPieces) { SingleReader = true, SingleWriter = true });
    private int _held;

    /// <summary>A pump for one direction.</summary>
    public ProxyPump(LinkWay way)
    {
        _way = way;
    }

    /// <summary>How many bytes are read and not passed on.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Reads until the sender has said all or is gone, and queues that as well.</summary>
    public async Task ReadAsync(Socket source, CancellationToken cancellationToken)
    {
        var scratch = ArrayPool<byte>.Shared.Rent(MaxPiece);
        try
        {
            while (true)
            {
                while (Held >= MaxHeld)
                    await _room.WaitAsync(cancellationToken);
                var length = await ReceiveAsync(source, scratch.AsMemory(0, MaxPiece), cancellationToken);
                var piece = new Piece(length, Stopwatch.GetTimestamp(), _way.Unit(), _way.Drops);
                if (length > 0)
                {
                    scratch.AsSpan(0, length).CopyTo(piece.Bytes = ArrayPool<byte>.Shared.Rent(length));
                    Interlocked.Add(ref _held, length);
                }
                if (piece.IsCounted)
                    _way.Touch(Math.Max(1, length));
                await _pieces.Writer.WriteAsync(piece, cancellationToken);
                if (length <= 0)
                    return;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <summary>Passes on what was read, as the way lets it, until the end of this direction.</summary>
    public async Task<PumpEnd> WriteAsync(Socket target, CancellationToken cancellationToken)
    {
        while (true)
        {
            var piece = await _pieces.Reader.ReadAsync(cancellationToken);
            try
            {
                if (!await MayPassAsync(piece, cancellationToken))
                    return PumpEnd.Reset;
                if (piece.Bytes is null)
                    return piece.Length < 0 ? PumpEnd.Reset : Tell(target);
                if (!await SpoilAndSendAsync(piece, target, cancellationToken))
                    return PumpEnd.Reset;
            }
            catch (SocketException)
            {
                return PumpEnd.Refused;
            }
            finally
            {
                Release(piece);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _room.Dispose();

    /// <summary>Returns the length, 0 for the end of the stream and -1 for a sender that is gone without one.</summary>
    private static async Task<int> ReceiveAsync(Socket source, Memory<byte> into, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReceiveAsync(into, SocketFlags.None, cancellationToken);
        }
        catch (SocketException)
        {
            return -1;
        }
    }

    private static PumpEnd Tell(Socket target)
    {
        try
        {
            target.Shutdown(SocketShutdown.Send);
            return PumpEnd.Told;
        }
        catch (SocketException)
        {
            return PumpEnd.Reset; // It went away while the last of it was under way.
        }
    }

    /// <summary>Waits until the piece's turn has come under whatever faults there are and will be; false if its connection is to be reset.</summary>
    private async Task<bool> MayPassAsync(Piece piece, CancellationToken cancellationToken)
    {
        var wasHeld = false;
        long through = 0;
        while (true)
        {
            var (fault, changed) = _way.Read();
            if (fault.Drops)
            {
                wasHeld = true;
                Count(piece);
                await changed.WaitAsync(cancellationToken);
                continue;
            }
            if (wasHeld && _way.Chance(ResetAfterHold))
                return false;
            wasHeld = false;
            if (fault.BytesPerSecond > 0 && through == 0)
                through = _way.Reserve(Math.Max(1, piece.Length), fault.BytesPerSecond);
            var due = Math.Max(fault.BytesPerSecond > 0 ? through : 0, piece.Arrived + Ticks(fault.Delay) + (long)(piece.Unit * Ticks(fault.Jitter)));
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            // Pieces wait for their times together: the last ones of a few may find theirs past, and were late all the same.
            if (wait > TimeSpan.Zero || fault.Delay > TimeSpan.Zero)
                Count(piece);
            if (wait <= TimeSpan.Zero)
                return true;
            // Rounded up, or the last part of a millisecond would be waited for in a loop.
            await changed.WaitAsync(wait + TimeSpan.FromMilliseconds(1), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<bool> SpoilAndSendAsync(Piece piece, Socket target, CancellationToken cancellationToken)
    {
        var fault = _way.Read().Fault;
        var bytes = piece.Bytes!.AsMemory(0, piece.Length);
        if (_way.Chance(fault.Loss))
        {
            _way.Touch(piece.Length);
            return false;
        }
        var isReset = _way.Chance(fault.Reset);
        if (isReset)
        {
            _way.Touch(piece.Length);
            bytes = bytes[.._way.Below(piece.Length)];
        }
        else if (_way.Chance(fault.Corruption))
        {
            _way.Touch(1);
            bytes.Span[_way.Below(piece.Length)] ^= (byte)(1 << _way.Below(8));
        }
        while (bytes.Length > 0)
            bytes = bytes[await target.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
        return !isReset;
    }

    private void Count(Piece piece)
    {
        if (piece.IsCounted)
            return;
        piece.IsCounted = true;
        _way.Touch(Math.Max(1, piece.Length));
    }

    private void Release(Piece piece)
    {
        if (piece.Bytes is null)
            return;
        ArrayPool<byte>.Shared.Return(piece.Bytes);
        piece.Bytes = null;
        Interlocked.Add(ref _held, -piece.Length);
        // Only this loop releases and only the other waits, so that one is enough.
        if (_room.CurrentCount == 0)
            _room.Release();
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>What one read gave: bytes, or without them the end (length 0) or the loss (-1) of the sender.</summary>
    private sealed class Piece(int length, long arrived, double unit, bool isCounted)
    {
        public byte[]? Bytes { get; set; }

        public int Length { get; } = length;

        public long Arrived { get; } = arrived;

        /// <summary>Which part of the jitter it gets.</summary>
        public double Unit { get; } = unit;

        public bool IsCounted { get; set; } = isCounted;
    }
}
