using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using RaftStream.Client.Protocol;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Connections;

/// <summary>What came of dialling a node: a connection, or why there is none.</summary>
internal readonly record struct DialResult(NodeConnection? Connection, ClientRefusal Refusal, string? Sentence);

/// <summary>
/// One connection to a node, from its greeting to its end. Requests of any threads are put into one buffer, from which a writer takes all that has come
/// meanwhile into one write; a reader hands the answers, which come in any order, to those who wait for them. No lock is held over a wait.
/// </summary>
internal sealed class NodeConnection : IAsyncDisposable
{
    // As much as all places can hold: requests are not larger than this each.
    private const int BacklogPerPlace = FrameCutter.LargestRequest;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_scratch;

    private readonly Stream _stream;
    private readonly SendBuffer _buffer;
    private readonly PendingTable _pending;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _work;

    private NodeConnection(Stream stream, ClientWelcome welcome, int places, TimeProvider time)
    {
        (_stream, Welcome) = (stream, welcome);
        _buffer = new(places * BacklogPerPlace);
        _buffer.Open();
        _pending = new(places, time);
        _work = RunAsync();
    }

    /// <summary>What the node said of itself.</summary>
    public ClientWelcome Welcome { get; }

    /// <summary>Completed once it takes no more requests.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Dials a node and greets it.</summary>
    /// <param name="address">Where.</param>
    /// <param name="greeting">What to say.</param>
    /// <param name="places">How many requests may wait at a time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tls">Puts TLS on the connection; null for none.</param>
    /// <param name="cancellationToken">Ends the attempt: the result is then a refusal.</param>
    public static async Task<DialResult> DialAsync(DnsEndPoint address, ClientGreeting greeting, int places, TimeProvider time, TlsDialler? tls, CancellationToken cancellationToken)
    {
        Stream? stream = null;
        try
        {
            stream = new NetworkStream(await Sockets.DialAsync(address, cancellationToken).ConfigureAwait(false), ownsSocket: true);
            if (tls is not null)
                stream = await tls.SecureAsync(stream, address.Host, cancellationToken).ConfigureAwait(false);
            await stream.WriteAsync(ClientHandshake.Write(greeting), cancellationToken).ConfigureAwait(false);
            var (welcome, refusal, sentence) = await ReceiveAsync(stream, cancellationToken).ConfigureAwait(false);
            if (welcome is not null && refusal == ClientRefusal.None)
                return new(new(stream, welcome, places, time), ClientRefusal.None, null);
            await stream.DisposeAsync().ConfigureAwait(false);
            return new(null, refusal, sentence);
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception) || exception is OperationCanceledException)
        {
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);
            var reason = exception is OperationCanceledException ? "it did not answer in time" : Sockets.Reason(exception);
            return new(null, ClientRefusal.Disconnected, $"The node at {address.Host}:{address.Port} cannot be reached: {reason}.");
        }
    }

    /// <summary>
    /// Sends a request and waits for its answer, for <paramref name="patience"/> at the most. Never throws for what a node or a network does: the answer then is a refusal,
    /// of which <see cref="ClientOutcome.Rejected"/> says that the request was certainly not done.
    /// </summary>
    public ValueTask<AnswerMessage> SendAsync(RequestMessage request, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (_pending.TryOpen(request.Kind, patience) is not { } pending)
            return new(AnswerMessage.Refused(0, ClientOutcome.Rejected, Ended.IsCompleted ? ClientRefusal.Disconnected : ClientRefusal.Overloaded, ClientSentences.Of(Ended.IsCompleted ? ClientRefusal.Disconnected : ClientRefusal.Overloaded)));
        var id = pending.Id;
        var scratch = t_scratch ??= new(FrameCutter.LargestRequest);
        scratch.ResetWrittenCount();
        (request with { Id = id, DeadlineMs = Math.Clamp((long)Math.Ceiling(patience.TotalMilliseconds), 1, RequestMessage.MaxDeadlineMs) }).Write(scratch);
        if (!_buffer.TryAdd(scratch.WrittenSpan))
            _pending.FailUnsent(id, ClientRefusal.Disconnected);
        return pending.WaitAsync(id, cancellationToken);
    }

    /// <summary>Calls that once it has ended.</summary>
    public void OnEnded(Action action) => _ = Ended.ContinueWith(
        static (_, call) => ((Action)call!)(), action, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Ends it: what waits is given up.</summary>
    public void Abort() => _stop.Cancel();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        _pending.Dispose();
        _stop.Dispose();
    }

    private static async Task<(ClientWelcome? Welcome, ClientRefusal Refusal, string? Sentence)> ReceiveAsync(Stream stream, CancellationToken cancellationToken)
    {
        const string Foreign = "What answered is no node of RaftStream: give the address at which the node listens for this protocol (--client).";
        var bytes = new byte[ClientHandshake.LargestSize];
        await stream.ReadExactlyAsync(bytes.AsMemory(0, ClientHandshake.PrefixSize), cancellationToken).ConfigureAwait(false);
        if (!ClientHandshake.TryReadPrefix(bytes.AsSpan(0, ClientHandshake.PrefixSize), out var version, out var size))
            return (null, ClientRefusal.BadGreeting, Foreign);
        await stream.ReadExactlyAsync(bytes.AsMemory(ClientHandshake.PrefixSize, size - ClientHandshake.PrefixSize), cancellationToken).ConfigureAwait(false);
        if (version != ClientHandshake.CurrentVersion)
            return (null, ClientRefusal.UnsupportedVersion, $"The node speaks version {version} of the protocol and this client {ClientHandshake.CurrentVersion}: use the same release on both sides.");
        return ClientHandshake.TryReadWelcome(bytes.AsSpan(0, size)) is { } welcome
            ? (welcome, (ClientRefusal)welcome.Refusal, welcome.Sentence)
            : (null, ClientRefusal.BadGreeting, Foreign);
    }

    private async Task RunAsync()
    {
        // Whichever of the two ends first, by a broken connection, by bytes that are no answers or by our own stop, takes the other with it.
        var (writing, reading) = (WriteAsync(), ReadAsync());
        await Task.WhenAny(writing, reading).ConfigureAwait(false);
        _buffer.Close();
        await _stop.CancelAsync().ConfigureAwait(false);
        _ended.TrySetResult();
        _pending.Close(ClientRefusal.Disconnected);
        await Task.WhenAll(writing, reading).ConfigureAwait(false);
        _buffer.Release();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await _buffer.ReadyAsync().ConfigureAwait(false))
            {
                var batch = _buffer.Take();
                Frame.Seal(batch.Span);
                await _stream.WriteAsync(batch, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception) || exception is OperationCanceledException)
        {
            // The connection is over: those who wait are told so.
        }
    }

    private async Task ReadAsync()
    {
        var reader = PipeReader.Create(_stream, new(leaveOpen: true));
        try
        {
            var cutter = new FrameCutter(FrameCutter.LargestAnswer);
            while (true)
            {
                var read = await reader.ReadAsync(_stop.Token).ConfigureAwait(false);
                var buffer = read.Buffer;
                if (!TryTakeAll(cutter, ref buffer))
                    return;
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                    return;
            }
        }
        catch (Exception exception) when (Sockets.IsOrdinary(exception) || exception is OperationCanceledException)
        {
            // As above.
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Hands over all answers that are there. False: the bytes are none, or the node says that it closes the connection.</summary>
    private bool TryTakeAll(FrameCutter cutter, ref ReadOnlySequence<byte> buffer)
    {
        while (cutter.TryCut(ref buffer, out var body, out var fault))
        {
            if (fault != FrameFault.None || !AnswerMessage.TryRead(body, out var answer))
                return false;
            if (answer.Id > 0)
                _pending.Complete(answer.Kind == AnswerKind.Session ? answer with { Node = Welcome.Node } : answer with { Node = Welcome.Node, Incarnation = Welcome.Incarnation });
            if (answer.Kind == AnswerKind.Fault)
                return false;
        }

        return true;
    }
}
