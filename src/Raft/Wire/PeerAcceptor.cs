using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// Takes what dials this node: handshake, then frames to the sink until the connection ends. One a transport; owns the listening
/// socket and every accepted connection.
/// </summary>
/// <remarks>
/// Bounded against whoever may dial: at most <see cref="MaxPending"/> connections are in their handshake, where a new one pushes out
/// the one that came that many before (an honest handshake takes a millisecond, so what is pushed out is a stranger that dawdles);
/// past the handshake, one connection for each peer and lane, where a newer one replaces the older: the peer has given that one up,
/// even if no packet has told us so.
/// </remarks>
internal sealed class PeerAcceptor(
    TransportOptions options, PeerBook peers, IFrameSink sink, TransportCounters counters, ILogger logger) : IDisposable
{
    /// <summary>The most connections in their handshake.</summary>
    public const int MaxPending = 64;

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly HandshakeIdentity _own = options.Identity;
    private readonly Lock _gate = new();
    private readonly Socket?[] _pending = new Socket?[MaxPending];
    private readonly Dictionary<(NodeId Peer, Lane Lane), Socket> _established = [];
    private readonly RefusalLog _refusals = new(options.Node, counters, logger);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _listener;
    private long _accepted;
    private int _running = 1;

    /// <summary>Connections accepted and still open, whatever their state.</summary>
    public int Open => Volatile.Read(ref _running) - 1;

    /// <summary>Binds.</summary>
    /// <exception cref="ReplicaException">The address is invalid, not of this machine, or taken.</exception>
    public async Task ListenAsync(CancellationToken cancellationToken)
    {
        _listener = await Sockets.ListenAsync(options.Node, options.ListenAddress, cancellationToken);
        logger.Listening(options.Node, TransportOptions.Text(options.ListenAddress));
    }

    /// <summary>Accepts until stopped; ends when every accepted connection is closed.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        Invariant.Check(_listener is not null, "the acceptor listens before it runs");
        var failing = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(stop);
                Interlocked.Increment(ref _running);
                _ = HandleAsync(socket, stop);
                failing = false;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (SocketException exception)
            {
                // The process is out of file descriptors, say. A connection that waits stays in the kernel's queue.
                if (!failing)
                    logger.AcceptFailed(options.Node, Sockets.Reason(exception));
                failing = true;
                await Task.Delay(PauseAfterFailure, CancellationToken.None);
            }
        }

        Leave();
        await _drained.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _listener?.Dispose();

    private async Task HandleAsync(Socket socket, CancellationToken stop)
    {
        var remote = "an unknown address";
        try
        {
            using (socket)
            {
                remote = (socket.RemoteEndPoint as IPEndPoint)?.ToString() ?? remote;
                Sockets.Tune(socket);
                await using var stream = new NetworkStream(socket, ownsSocket: false);
                if (await GreetAsync(socket, stream, remote, stop) is { } greeting)
                    await ReceiveAsync(socket, stream, greeting, remote, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The transport is being closed; there is nothing to tell anyone.
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception))
        {
            logger.HandshakeEnded(options.Node, remote, Sockets.Reason(exception));
        }
        catch (Exception exception)
        {
            logger.OwnFault(options.Node, remote, exception);
        }
        finally
        {
            Leave();
        }
    }

    private async Task<Handshake?> GreetAsync(Socket socket, NetworkStream stream, string remote, CancellationToken stop)
    {
        var place = Interlocked.Increment(ref _accepted) % MaxPending;
        Interlocked.Exchange(ref _pending[place], socket)?.Dispose();
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(options.HandshakeTimeout);
            var result = await HandshakeExchange.AcceptAsync(stream, _own, peers, limit.Token);
            if (result.Accepted)
                return result.Peer;
            _refusals.Note(result.Refusal, result.Peer.From, remote);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            _refusals.Note(HandshakeRefusal.TimedOut, NodeId.None, remote);
        }
        finally
        {
            Interlocked.CompareExchange(ref _pending[place], null, socket);
        }

        return null;
    }

    private async Task ReceiveAsync(Socket socket, NetworkStream stream, Handshake greeting, string remote, CancellationToken stop)
    {
        var (peer, lane) = (greeting.From, greeting.Lane);
        peers.Learn(greeting);
        Establish(peer, lane, socket);
        logger.Accepted(options.Node, peer, remote, lane, greeting.ProcessIncarnation);
        try
        {
            var reader = new FrameReader(stream, lane);
            var fault = await reader.ReadAsync(stop);
            while (fault == FrameFault.None)
            {
                counters.Received(Frame.OuterSize + reader.Current.Length);
                if (!sink.TryDeliver(peer, reader.Current))
                    counters.ReceiveDropped();
                fault = await reader.ReadAsync(stop);
            }

            if (fault is FrameFault.Ended or FrameFault.CutShort)
            {
                logger.IncomingEnded(options.Node, peer, remote, lane, Frame.Describe(fault, lane));
                return;
            }

            counters.Broken();
            logger.BrokenFrame(options.Node, peer, remote, lane, Frame.Describe(fault, lane));
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception))
        {
            logger.IncomingEnded(options.Node, peer, remote, lane, Sockets.Reason(exception));
        }
        finally
        {
            Forget(peer, lane, socket);
        }
    }

    private void Establish(NodeId peer, Lane lane, Socket socket)
    {
        Socket? older;
        lock (_gate)
        {
            _established.TryGetValue((peer, lane), out older);
            _established[(peer, lane)] = socket;
        }

        older?.Dispose();
    }

    private void Forget(NodeId peer, Lane lane, Socket socket)
    {
        lock (_gate)
        {
            if (_established.TryGetValue((peer, lane), out var current) && ReferenceEquals(current, socket))
                _established.Remove((peer, lane));
        }
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _running) == 0)
            _drained.TrySetResult();
    }
}

/// <summary>Says why connections are refused, each reason at most every ten seconds: anyone who can dial could otherwise fill the disk with log lines.</summary>
internal sealed class RefusalLog(NodeId node, TransportCounters counters, ILogger logger)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly (long Said, long Unsaid)[] _reasons = new (long, long)[byte.MaxValue + 1];

    /// <summary>Counts a refusal and says it unless the same reason was given a moment ago.</summary>
    public void Note(HandshakeRefusal refusal, NodeId peer, string remote)
    {
        counters.Refused();
        long unsaid;
        lock (_gate)
        {
            ref var reason = ref _reasons[(byte)refusal];
            if (reason.Said != 0 && Stopwatch.GetElapsedTime(reason.Said) < Quiet)
            {
                reason.Unsaid++;
                return;
            }

            unsaid = reason.Unsaid;
            reason = (Stopwatch.GetTimestamp(), 0);
        }

        logger.Refused(node, remote, peer, Handshake.Describe(refusal), unsaid);
    }
}
