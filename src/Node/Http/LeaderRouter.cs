using RaftStream.Node.Hosting;

namespace RaftStream.Node.Http;

/// <summary>What this node answered as the leader; <see cref="Result"/> is for the client if the outcome is applied.</summary>
internal readonly record struct LocalAnswer(Outcome Outcome, Refusal Refusal, IResult Result);

/// <summary>
/// Gets a request to the leader, wherever it came in: answers here if this node leads, sends it on if it knows who does, and waits
/// for an election within the request's time.
/// </summary>
/// <remarks>
/// What may be repeated: a request that was certainly not done, and any read. A write whose answer is lost is never repeated here,
/// because it could be applied twice; the client is told that the outcome is unknown.
/// </remarks>
internal sealed class LeaderRouter(NodeHandle handle, LeaderConnection leaders)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    // A paused leader takes connections (its kernel does) and never answers: a read then asks whoever leads by now.
    private static readonly TimeSpan ReadAttempt = TimeSpan.FromSeconds(1);

    /// <summary>Routes a read.</summary>
    public Task<IResult> ReadAsync(HttpContext context, Func<CountingService, CancellationToken, ValueTask<LocalAnswer>> local) =>
        RouteAsync(context, ReadOnlyMemory<byte>.Empty, isRead: true, local);

    /// <summary>Routes a write with its body.</summary>
    public Task<IResult> WriteAsync(HttpContext context, ReadOnlyMemory<byte> body, Func<CountingService, CancellationToken, ValueTask<LocalAnswer>> local) =>
        RouteAsync(context, body, isRead: false, local);

    private async Task<IResult> RouteAsync(
        HttpContext context, ReadOnlyMemory<byte> body, bool isRead, Func<CountingService, CancellationToken, ValueTask<LocalAnswer>> local)
    {
        if (handle.Running is not { } running)
            return Problems.Rejected(StatusCodes.Status503ServiceUnavailable, Problems.Unavailable, "The node is starting; nothing was done, try again.");
        using var deadline = RequestDeadline.Of(context, handle.Stopping);
        do
        {
            var status = running.Node.Status;
            if (status.Role == Role.Leader)
            {
                var answer = await AskAsync(running, local, deadline);
                if (!MayRepeat(answer, isRead))
                    return Answer(answer, isRead);
            }
            else if (deadline.Hops < RequestDeadline.MaxHops && running.Node.ClientAddressOf(status.Leader) is { } leader)
            {
                var patience = isRead && deadline.Remaining > ReadAttempt ? ReadAttempt : deadline.Remaining;
                var forwarded = await leaders.SendAsync(context, leader, body, deadline, patience);
                if (forwarded == Forwarded.Answered)
                    return TypedResults.Empty;
                if (forwarded == Forwarded.Lost && !isRead)
                    return Problems.For(Outcome.Unknown, Refusal.LostLeadership);
            }
        }
        while (await deadline.PauseAsync(Pause));
        return handle.Stopping.IsCancellationRequested ? Problems.For(Outcome.Rejected, Refusal.Stopped) : Problems.WithoutLeader();
    }

    private static async Task<LocalAnswer> AskAsync(
        RunningNode running, Func<CountingService, CancellationToken, ValueTask<LocalAnswer>> local, RequestDeadline deadline)
    {
        try
        {
            return await local(running.Counters, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.Token.IsCancellationRequested)
        {
            return new LocalAnswer(Outcome.Unknown, Refusal.TimedOut, TypedResults.Empty);
        }
    }

    private static bool MayRepeat(LocalAnswer answer, bool isRead) => answer.Outcome switch
    {
        Outcome.Applied => false,
        Outcome.Rejected => answer.Refusal is Refusal.NotLeader || (isRead && answer.Refusal is Refusal.LostLeadership),
        _ => isRead && answer.Refusal is not Refusal.TimedOut,
    };

    private static IResult Answer(LocalAnswer answer, bool isRead)
    {
        if (answer.Outcome == Outcome.Applied)
            return answer.Result;
        return isRead && answer.Outcome == Outcome.Unknown
            ? Problems.For(Outcome.Rejected, Refusal.TimedOut)
            : Problems.For(answer.Outcome, answer.Refusal);
    }
}
