using System.Buffers;
using Microsoft.AspNetCore.Connections;
using RaftStream.Client;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Hosting.Security;
using RaftStream.Raft.Wire;

namespace RaftStream.Hosting.ClientPort;

/// <summary>
/// One connection of a client behind its greeting: requests come in one after the other and are worked at together, answers go out as they are ready, all that is
/// ready in one write. Owned by <see cref="ClientPortHandler"/>; lives as long as the connection.
/// </summary>
/// <remarks>
/// Everything is bounded. A place is taken for each request and given back when its answer is handed to the network, so a client that does not read its answers is
/// not read from, either; one that is silent for <see cref="IdlePatience"/> is closed. Of answers of any size there is one at a time: what comes behind a top list waits for it.
/// Bytes that are no request are answered with a fault, and the connection ends behind it: nobody knows what else was meant.
/// A client that has shut down its sending half still gets its answers. One that is gone looks the same until something is written to it, so both are given
/// <see cref="EndPatience"/>.
/// </remarks>
internal sealed class ClientConnection(ConnectionContext connection, NodeHandle handle, ClientRequests requests, ClientCaller caller, ILogger logger) : IAsyncDisposable
{
    /// <summary>So many questions of watches and subscriptions are worked at, or their pages on their way, together; further ones are refused.</summary>
    public const int MaxWatches = 64;

    // Every place can hold the values of as many counters as are read at a time, some of them a page of events or outputs, and one a list: so an answer always finds room.
    private const int Backlog = (10 * 1024 * ClientLimits.MostInFlight) + (48 * 1024 * MaxWatches) + (2 * FrameCutter.LargestAnswer);

    // A thread does not keep the room that one large list took.
    private const int LargestKept = 64 * 1024;

    private static readonly TimeSpan IdlePatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(30);

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_scratch;

    private readonly SendBuffer _buffer = new(Backlog);
    private readonly SemaphoreSlim _places = new(caller.Rules.Limits.MaxInFlight);
    private readonly Pulse _written = new();
    private readonly CancellationTokenSource _gone = CancellationTokenSource.CreateLinkedTokenSource(handle.Ending);
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _serving = 1;
    private int _watches;
    private long _begun;
    private long _sent;

    /// <summary>Serves until the client goes, sends what is no request, or the node stops: then what is under way is answered still.</summary>
    public async Task RunAsync()
    {
        _buffer.Open();
        var writing = WriteAsync();
        await using var closed = connection.ConnectionClosed.UnsafeRegister(static gone => ((CancellationTokenSource)gone!).CancelAfter(EndPatience), _gone);
        await using var stopping = handle.Stopping.UnsafeRegister(static input => ((System.IO.Pipelines.PipeReader)input!).CancelPendingRead(), connection.Transport.Input);
        try
        {
            await ReadAsync();
            await DrainAsync();
        }
        finally
        {
            await _gone.CancelAsync();
            _buffer.Close();
            await writing;
            Left();
            await _served.Task;
            _buffer.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _places.Dispose();
        _gone.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task ReadAsync()
    {
        await using var idle = TimeProvider.System.CreateTimer(static state => ((ConnectionContext)state!).Abort(), connection, IdlePatience, Timeout.InfiniteTimeSpan);
        var (input, cutter) = (connection.Transport.Input, new FrameCutter(FrameCutter.LargestRequest));
        while (true)
        {
            var read = await input.ReadAsync(_gone.Token);
            if (read.IsCanceled)
                return;
            idle.Change(IdlePatience, Timeout.InfiniteTimeSpan);
            var buffer = read.Buffer;
            while (TryTake(cutter, ref buffer, out var request, out var fault))
            {
                await PlaceAsync();
                if (fault is { } wrong)
                {
                    Send(wrong);
                    return;
                }

                if (caller.Refuse(request) is { } refusal)
                {
                    Send(refusal);
                    continue;
                }

                Interlocked.Increment(ref _serving);
                var serving = request.Kind is RequestKind.Watch or RequestKind.Subscribe ? WatchAsync(request) : ServeAsync(request);
                if (request.Kind != RequestKind.Top)
                    continue;
                await serving;
                await WrittenAsync();
            }

            // Nothing more comes: what is there was all, and its answers follow.
            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return;
        }
    }

    /// <summary>Takes a place for a request, and counts it if it has to wait for one.</summary>
    private async ValueTask PlaceAsync()
    {
        if (_places.Wait(0, CancellationToken.None))
            return;
        caller.Rules.Meters.Waited(ClientRules.Port);
        await _places.WaitAsync(_gone.Token);
    }

    /// <summary>Takes the next request, or what is wrong with the bytes. False: no whole frame is there.</summary>
    private static bool TryTake(FrameCutter cutter, ref ReadOnlySequence<byte> buffer, out RequestMessage request, out AnswerMessage? wrong)
    {
        (request, wrong) = (default, null);
        if (!cutter.TryCut(ref buffer, out var body, out var fault))
            return false;
        if (fault != FrameFault.None)
            wrong = Fault(0, $"The frame is of no use: {Describe(fault)}.");
        else if (!RequestMessage.TryRead(body, out request, out var problem))
            wrong = Fault(request.Id, problem);
        return true;

        static AnswerMessage Fault(long id, string sentence) =>
            new(AnswerKind.Fault) { Id = id, Outcome = ClientOutcome.Rejected, Refusal = ClientRefusal.BadRequest, Problem = sentence };
    }

    private static string Describe(FrameFault fault) => fault switch
    {
        FrameFault.TooLong => $"it announces more than the {FrameCutter.LargestRequest} bytes that a request may have",
        _ => Frame.Describe(fault, Lane.Control),
    };

    private async Task ServeAsync(RequestMessage request)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
            limit.CancelAfter(TimeSpan.FromMilliseconds(request.DeadlineMs));
            var answer = await requests.AnswerAsync(request, limit.Token);

            // A page may have waited for a minute: by then the client may not have what happened meanwhile.
            Send((request.Kind is RequestKind.Watch or RequestKind.Subscribe ? caller.RefuseRight(request) : null) ?? answer);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "A request of kind {Kind} on the client port met a fault of this program.", request.Kind);
            Send(AnswerMessage.Refused(request.Id, RequestMessage.ChangesNothing(request.Kind) ? ClientOutcome.Rejected : ClientOutcome.Unknown, ClientRefusal.Internal, "A fault of the node's own, which its log tells."));
        }
        finally
        {
            Left();
        }
    }

    /// <summary>A page of a watch or a subscription is larger than most answers: its place among the watches is free only when it is on its way.</summary>
    private async Task WatchAsync(RequestMessage request)
    {
        if (Interlocked.Increment(ref _watches) <= MaxWatches)
        {
            await ServeAsync(request);
            await WrittenAsync();
        }
        else
        {
            Send(AnswerMessage.Refused(request.Id, ClientOutcome.Rejected, ClientRefusal.Overloaded, $"This connection has {MaxWatches} watches and subscriptions, as many as it takes: use another one."));
            Left();
        }

        Interlocked.Decrement(ref _watches);
    }

    private void Left()
    {
        if (Interlocked.Decrement(ref _serving) == 0)
            _served.TrySetResult();
    }

    private void Send(in AnswerMessage answer)
    {
        var scratch = t_scratch ??= new(FrameCutter.LargestRequest);
        scratch.ResetWrittenCount();
        answer.Write(scratch);
        if (scratch.WrittenCount > FrameCutter.LargestAnswer)
        {
            scratch.ResetWrittenCount();
            AnswerMessage.Refused(answer.Id, ClientOutcome.Rejected, ClientRefusal.TooLarge, $"The answer takes more than {FrameCutter.LargestAnswer} bytes: ask for fewer rows.").Write(scratch);
        }

        // Closed, where the client has gone: nobody waits for it.
        Interlocked.Increment(ref _begun);
        _buffer.TryAdd(scratch.WrittenSpan);
        if (scratch.Capacity > LargestKept)
            t_scratch = null;
    }

    /// <summary>Waits until all answers that were made so far are handed to the network.</summary>
    private async Task WrittenAsync()
    {
        // Counted before they are put into the buffer, which keeps their order: one counted here is there, or comes at once.
        var all = Interlocked.Read(ref _begun);
        while (true)
        {
            var written = _written.Next;
            if (Interlocked.Read(ref _sent) >= all || !_buffer.IsOpen || _gone.IsCancellationRequested)
                return;
            await written;
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await _buffer.ReadyAsync())
            {
                var batch = _buffer.Take();
                var count = Frame.Seal(batch.Span);
                if ((await connection.Transport.Output.WriteAsync(batch, _gone.Token)).IsCompleted)
                    break;
                if (count > 0)
                    _places.Release(count);
                Interlocked.Add(ref _sent, count);
                _written.Fire();
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client has gone, or the pipe to it is closed.
        }
        finally
        {
            // What waits for answers is given up; where the buffer was closed, it is already.
            await _gone.CancelAsync();
            _written.Fire();
        }
    }

    /// <summary>Nothing more is taken: waits until what is under way is answered, which the end of the node cuts short.</summary>
    private async Task DrainAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
        limit.CancelAfter(EndPatience);
        for (var place = 0; place < caller.Rules.Limits.MaxInFlight; place++)
            await _places.WaitAsync(limit.Token);
    }
}
