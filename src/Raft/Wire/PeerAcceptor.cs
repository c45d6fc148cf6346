using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// Takes what dials this node: TLS if there is any, handshake, then frames to the sink until the connection ends. One a transport; owns
/// the listening socket and every accepted connection.
/// </summary>
/// <remarks>
/// Bounded against whoever may dial: few connections are in their handshake at a time (<see cref="Strangers"/>); past the handshake, one
/// connection for each peer and lane, where a newer one replaces the older: the peer has given that one up, even if no packet has told us
/// so. How much of what they send may wait is the <see cref="ReceiveBudget"/>'s to say.
/// </remarks>
internal sealed class PeerAcceptor(
    TransportOptions options, PeerBook peers, PeerTls tls, IFrameSink sink, ReceiveBudget budget, TransportCounters counters, ILogger logger) : IDisposable
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly HandshakeIdentity _own = options.Identity;
    private readonly Lock _gate = new();
    private readonly Strangers _strangers = new();
    private readonly Dictionary<(NodeId Peer, Lane Lane), Socket> _established = [];
    private readonly RefusalLog _refusals = new(options.Node, counters, logger);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _listener;
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

    /// <summary>Closes the connections of all that are neither members nor guests any more.</summary>
    public void DropForgotten()
    {
        List<Socket> forgotten = [];
        lock (_gate)
        {
            foreach (var ((peer, _), socket) in _established)
            {
                if (peers.Find(peer) is null)
                    forgotten.Add(socket);
            }
        }

        forgotten.ForEach(static socket => socket.Dispose());
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
                if (await GreetAsync(socket, stream, remote, stop) is not var (connection, greeting))
                    return;
                await using (connection)
                    await ReceiveAsync(socket, connection, greeting, remote, stop);
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

    private async Task<(SecuredStream Connection, Handshake Greeting)?> GreetAsync(Socket socket, NetworkStream stream, string remote, CancellationToken stop)
    {
        SecuredStream? connection = null;
        var isAccepted = false;
        _strangers.Enter(socket);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(options.HandshakeTimeout);
            HandshakeResult result;
            if (tls.IsOn && await PeerTls.IsPlainGreetingAsync(socket, limit.Token))
            {
                result = await HandshakeExchange.RefusePlainAsync(stream, _own, limit.Token);
            }
            else
            {
                connection = await tls.AcceptAsync(stream, limit.Token);
                result = await HandshakeExchange.AcceptAsync(connection, _own, peers, limit.Token);
            }

            isAccepted = result.Accepted;
            if (isAccepted)
                return (connection!, result.Peer);
            _refusals.Note(result.Refusal, result.Peer.From, remote);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            _refusals.Note(HandshakeRefusal.TimedOut, NodeId.None, remote);
        }
        catch (AuthenticationException failure)
        {
            _refusals.Note(HandshakeRefusal.TlsFailed, NodeId.None, remote, Sockets.Reason(failure));
        }
        finally
        {
            _strangers.Leave(socket);
            if (!isAccepted && connection is not null)
                await connection.DisposeAsync();
        }

        return null;
    }

    private async Task ReceiveAsync(Socket socket, SecuredStream connection, Handshake greeting, string remote, CancellationToken stop)
    {
        var (peer, lane) = (greeting.From, greeting.Lane);
        Establish(peer, lane, socket);
        using var life = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            // After it was established: whoever was forgotten in between is found there, or here.
            if (peers.Find(peer) is null)
                return;
            logger.Accepted(options.Node, peer, remote, lane, greeting.ProcessIncarnation);
            if (connection.Lifetime != Timeout.InfiniteTimeSpan)
                life.CancelAfter(Lifetime(connection));
            using var reader = new FrameReader(connection.Stream, peer, lane, budget, options.FrameTimeout, life.Token);
            var fault = await DeliverAsync(reader, peer, lane);
            var reason = Frame.Describe(fault, lane);
            if (fault is FrameFault.Ended or FrameFault.CutShort)
            {
                logger.IncomingEnded(options.Node, peer, remote, lane, reason);
                return;
            }

            counters.Broken();
            logger.BrokenFrame(options.Node, peer, remote, lane, reason);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            logger.IncomingEnded(options.Node, peer, remote, lane, "the time for which its certificate is good is over");
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

    /// <summary>The dialling side makes a new connection in time; this side waits a little longer, and no longer.</summary>
    private TimeSpan Lifetime(SecuredStream connection)
    {
        var longest = options.RenewAfter * 1.25;
        return connection.Lifetime < longest ? connection.Lifetime : longest;
    }

    /// <summary>Hands over what comes until the connection ends; returns why it ended.</summary>
    private async Task<FrameFault> DeliverAsync(FrameReader reader, NodeId peer, Lane lane)
    {
        while (true)
        {
            var fault = await reader.ReadAsync();
            if (fault == FrameFault.NoRoom)
            {
                counters.ReceiveDropped();
                continue;
            }

            if (fault != FrameFault.None)
                return fault;
            var length = reader.Current.Length;
            counters.Received(lane, Frame.OuterSize + length);
            if (peers.Find(peer) is { IsGuest: true } guest)
                guest.Heard();
            if (sink.TryDeliver(peer, reader.Current))
                continue;
            budget.Return(peer, length);
            counters.ReceiveDropped();
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
