using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// One lane to one address of a peer, for sending: dials, greets, writes what the buffer holds, and dials again when the connection is
/// gone. Lives until the peer is gone or moves; owns its buffer and at most one connection.
/// </summary>
/// <remarks>
/// A connection carries frames in the dialled direction only; the other direction is the peer's own link. So each end alone decides
/// when to reconnect, and no two ends race to be the one connection between them.
/// A connection with TLS is given up and made anew in time, so that a certificate that was replaced or has expired is not in use for ever.
/// </remarks>
internal sealed class PeerLink(
    TransportOptions options, PeerBook book, Peer first, DnsEndPoint address, Lane lane, PeerTls tls, TransportCounters counters, ILogger logger)
{
    /// <summary>
    /// A connection that lived this long was a good one, after which the link dials again at once. One that is closed right after
    /// its handshake (two processes under one id replacing each other) must go on slowing down instead.
    /// </summary>
    private static readonly TimeSpan GoodConnection = TimeSpan.FromMilliseconds(500);

    /// <summary>Bytes that go to the socket in one write: what a slow peer must take within the write timeout.</summary>
    private const int WriteSize = 256 * 1024;

    private const string ClosedHere = "it was closed on this side";
    private const string Renewed = "it was old and is made anew";

    private readonly HandshakeIdentity _own = options.Identity;
    private readonly NodeId _node = first.Node;
    private readonly string _addressText = TransportOptions.Text(address);
    private readonly SendBuffer _buffer = new(Frame.Backlog(lane));
    private readonly Backoff _backoff = new(options.ProcessIncarnation ^ ((ulong)first.Node.Value << 8) ^ (ulong)lane);
    private readonly LogLevel _good = lane == Lane.Control ? LogLevel.Information : LogLevel.Debug;
    private readonly LogLevel _bad = lane == Lane.Control ? LogLevel.Warning : LogLevel.Debug;
    private string? _lastTrouble;
    private bool _wasConnected;
    private bool _isRenewing;
    private volatile Peer _peer = first;

    /// <summary>What is known of the peer; replaced when a guest becomes a member.</summary>
    public Peer Peer
    {
        get => _peer;
        set => _peer = value;
    }

    /// <summary>Whether a connection with an accepted handshake takes frames.</summary>
    public bool IsConnected => _buffer.IsOpen;

    /// <summary>Bytes that wait to be sent.</summary>
    public int Pending => _buffer.Pending;

    /// <summary>Takes a copy of the frame. False: not connected, or full.</summary>
    public bool TrySend(ReadOnlySpan<byte> frame) => _buffer.TryAdd(frame);

    /// <summary>Keeps the lane connected until stopped, or until it is for a guest that is gone.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // Whoever starts the link may be an agent, which must not wait for the resolver of names.
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                _isRenewing = false;
                await ConnectAndServeAsync(stop);
                if (_isRenewing)
                    continue;
                if (book.Dismiss(Peer))
                    logger.GuestLeft(options.Node, _node);
                await Task.Delay(_backoff.Next(), stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Our own bug: say it at once, since the task that ends with it is awaited only when the transport is disposed.
                logger.OwnFault(options.Node, _addressText, exception);
                throw;
            }
        }
    }

    private async Task ConnectAndServeAsync(CancellationToken stop)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(options.HandshakeTimeout);
            using var socket = await Sockets.DialAsync(address, limit.Token);
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            limit.CancelAfter(options.HandshakeTimeout);
            await using var connection = await tls.DialAsync(stream, _node, limit.Token);
            var result = await HandshakeExchange.DialAsync(connection, _own, _node, lane, limit.Token);
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            if (result.Accepted)
                await ServeAsync(connection, result.Peer, stop);
            else
                NoteRefusal(result);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            NoteUnreachable("it did not answer in time");
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception))
        {
            NoteUnreachable(Sockets.Reason(exception));
        }
    }

    private async Task ServeAsync(SecuredStream connection, Handshake answer, CancellationToken stop)
    {
        Peer.Learn(answer);
        if (_wasConnected)
            counters.Reconnected();
        _wasConnected = true;
        _lastTrouble = null;
        var start = Stopwatch.GetTimestamp();
        logger.Connected(_good, options.Node, _node, _addressText, lane);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _buffer.Open();
        var write = WriteAsync(connection.Stream, ended.Token);
        var watch = WatchAsync(connection.Stream, ended.Token);
        var age = AgeAsync(connection, ended.Token);
        var reason = await await Task.WhenAny(write, watch, age);

        // All must be over before the buffer opens again: the writer still holds one of its halves.
        _buffer.Close();
        await ended.CancelAsync();
        await Task.WhenAll(write, watch, age);
        _buffer.Release();
        var wasGood = Stopwatch.GetElapsedTime(start) >= GoodConnection;
        if (wasGood)
            _backoff.Reset();
        _isRenewing = wasGood && ReferenceEquals(reason, Renewed);
        if (!stop.IsCancellationRequested)
            logger.Lost(_isRenewing ? LogLevel.Debug : _bad, options.Node, _node, _addressText, lane, reason);
    }

    /// <summary>Writes all that is ready, again and again; returns why it ended.</summary>
    private async Task<string> WriteAsync(Stream stream, CancellationToken ended)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ended);
            while (await _buffer.ReadyAsync())
            {
                var batch = _buffer.Take();
                var frames = Frame.Seal(batch.Span);
                if (frames == 0)
                    continue;
                for (var place = 0; place < batch.Length; place += WriteSize)
                {
                    limit.CancelAfter(options.WriteTimeout);
                    await stream.WriteAsync(batch.Slice(place, Math.Min(WriteSize, batch.Length - place)), limit.Token);
                }

                limit.CancelAfter(Timeout.InfiniteTimeSpan);
                counters.Sent(lane, frames, batch.Length);
            }

            return ClosedHere;
        }
        catch (OperationCanceledException)
        {
            return ended.IsCancellationRequested ? ClosedHere : $"it took nothing of what was sent for {options.WriteTimeout.TotalSeconds:0.#} s";
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception))
        {
            return Sockets.Reason(exception);
        }
    }

    /// <summary>Notices that the peer closed the connection, even while nothing is sent; returns why it ended. The peer sends nothing this way.</summary>
    private static async Task<string> WatchAsync(Stream stream, CancellationToken ended)
    {
        try
        {
            var count = await stream.ReadAsync(new byte[1], ended);
            return count == 0 ? "the other side closed it" : "the other side sent bytes where it must not";
        }
        catch (OperationCanceledException)
        {
            return ClosedHere;
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception))
        {
            return Sockets.Reason(exception);
        }
    }

    /// <summary>
    /// Ends when a connection with TLS is due to be made anew: somewhat before the time, each link by another part, so that not all do it at
    /// once.
    /// </summary>
    private async Task<string> AgeAsync(SecuredStream connection, CancellationToken ended)
    {
        var age = connection.Lifetime;
        if (age != Timeout.InfiniteTimeSpan)
            age = _backoff.Shorten(age < options.RenewAfter ? age : options.RenewAfter);
        try
        {
            await Task.Delay(age, ended);
            return Renewed;
        }
        catch (OperationCanceledException)
        {
            return ClosedHere;
        }
    }

    private void NoteRefusal(in HandshakeResult result)
    {
        counters.Refused();
        _backoff.Slow();
        var reason = Handshake.Describe(result.Refusal);
        if (!IsNews(result.ByPeer ? $"refused by peer: {reason}" : $"refused: {reason}"))
            return;
        if (result.ByPeer)
            logger.RefusedByPeer(_bad, options.Node, _node, _addressText, lane, reason);
        else
            logger.AnswerRefused(_bad, options.Node, _node, _addressText, lane, reason);
    }

    private void NoteUnreachable(string reason)
    {
        if (IsNews(reason))
            logger.Unreachable(_bad, options.Node, _node, _addressText, lane, reason);
    }

    /// <summary>A link tries twice a second for as long as a peer is away: only what differs from the last trouble is worth a sentence.</summary>
    private bool IsNews(string trouble)
    {
        var isNews = !string.Equals(trouble, _lastTrouble, StringComparison.Ordinal);
        _lastTrouble = trouble;
        return isNews;
    }
}
