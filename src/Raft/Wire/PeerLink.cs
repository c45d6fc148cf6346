using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// One lane to one peer, for sending: dials, greets, writes what the buffer holds, and dials again when the connection is gone.
/// Lives from the transport's start to its end; owns its buffer and at most one connection.
/// </summary>
/// <remarks>
/// A connection carries frames in the dialled direction only; the other direction is the peer's own link. So each end alone decides
/// when to reconnect, and no two ends race to be the one connection between them.
/// </remarks>
internal sealed class PeerLink(
    TransportOptions options, PeerBook peers, NodeId peer, Lane lane, TransportCounters counters, ILogger logger)
{
    /// <summary>
    /// A connection that lived this long was a good one, after which the link dials again at once. One that is closed right after
    /// its handshake (two processes under one id replacing each other) must go on slowing down instead.
    /// </summary>
    private static readonly TimeSpan GoodConnection = TimeSpan.FromMilliseconds(500);

    private readonly HandshakeIdentity _own = options.Identity;
    private readonly DnsEndPoint _address = peers.AddressOf(peer);
    private readonly string _addressText = TransportOptions.Text(peers.AddressOf(peer));
    private readonly SendBuffer _buffer = new(Frame.Backlog(lane));
    private readonly Backoff _backoff = new(options.ProcessIncarnation ^ ((ulong)peer.Value << 8) ^ (ulong)lane);
    private readonly LogLevel _good = lane == Lane.Control ? LogLevel.Information : LogLevel.Debug;
    private readonly LogLevel _bad = lane == Lane.Control ? LogLevel.Warning : LogLevel.Debug;
    private string? _lastTrouble;
    private bool _wasConnected;

    /// <summary>Whether a connection with an accepted handshake takes frames.</summary>
    public bool IsConnected => _buffer.IsOpen;

    /// <summary>Bytes that wait to be sent.</summary>
    public int Pending => _buffer.Pending;

    /// <summary>Takes a copy of the frame. False: not connected, or full.</summary>
    public bool TrySend(ReadOnlySpan<byte> frame) => _buffer.TryAdd(frame);

    /// <summary>Keeps the lane connected until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAndServeAsync(stop);
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
            using var socket = await Sockets.DialAsync(_address, limit.Token);
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            limit.CancelAfter(options.HandshakeTimeout);
            var result = await HandshakeExchange.DialAsync(stream, _own, peers, peer, lane, limit.Token);
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            if (result.Accepted)
                await ServeAsync(stream, result.Peer, stop);
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

    private async Task ServeAsync(NetworkStream stream, Handshake answer, CancellationToken stop)
    {
        peers.Learn(answer);
        if (_wasConnected)
            counters.Reconnected();
        _wasConnected = true;
        _lastTrouble = null;
        var start = Stopwatch.GetTimestamp();
        logger.Connected(_good, options.Node, peer, _addressText, lane);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _buffer.Open();
        var write = WriteAsync(stream, ended.Token);
        var watch = WatchAsync(stream, ended.Token);
        var reason = await await Task.WhenAny(write, watch);

        // Both must be over before the buffer opens again: the writer still holds one of its halves.
        _buffer.Close();
        await ended.CancelAsync();
        await Task.WhenAll(write, watch);
        if (Stopwatch.GetElapsedTime(start) >= GoodConnection)
            _backoff.Reset();
        if (!stop.IsCancellationRequested)
            logger.Lost(_bad, options.Node, peer, _addressText, lane, reason);
    }

    /// <summary>Writes all that is ready, again and again; returns why it ended.</summary>
    private async Task<string> WriteAsync(NetworkStream stream, CancellationToken ended)
    {
        try
        {
            while (await _buffer.ReadyAsync())
            {
                var batch = _buffer.Take();
                var frames = Frame.Seal(batch.Span);
                if (frames == 0)
                    continue;
                await stream.WriteAsync(batch, ended);
                counters.Sent(frames, batch.Length);
            }

            return "it was closed on this side";
        }
        catch (OperationCanceledException)
        {
            return "it was closed on this side";
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception))
        {
            return Sockets.Reason(exception);
        }
    }

    /// <summary>Notices that the peer closed the connection, even while nothing is sent; returns why it ended. The peer sends nothing this way.</summary>
    private static async Task<string> WatchAsync(NetworkStream stream, CancellationToken ended)
    {
        try
        {
            var count = await stream.ReadAsync(new byte[1], ended);
            return count == 0 ? "the other side closed it" : "the other side sent bytes where it must not";
        }
        catch (OperationCanceledException)
        {
            return "it was closed on this side";
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception))
        {
            return Sockets.Reason(exception);
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
            logger.RefusedByPeer(_bad, options.Node, peer, _addressText, lane, reason);
        else
            logger.AnswerRefused(_bad, options.Node, peer, _addressText, lane, reason);
    }

    private void NoteUnreachable(string reason)
    {
        if (IsNews(reason))
            logger.Unreachable(_bad, options.Node, peer, _addressText, lane, reason);
    }

    /// <summary>A link tries twice a second for as long as a peer is away: only what differs from the last trouble is worth a sentence.</summary>
    private bool IsNews(string trouble)
    {
        var isNews = !string.Equals(trouble, _lastTrouble, StringComparison.Ordinal);
        _lastTrouble = trouble;
        return isNews;
    }
}
