using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace RaftStream.Hosting.Http;

/// <summary>
/// Gets a read served at the level it asks for, exactly: in real-time order by the leader, wherever it came in, and the levels that any replica may serve
/// by the node that was asked, whatever it is cut off from. Nothing is served at another level: what cannot be had in the request's time is refused, and
/// told with the levels that this node could serve now.
/// </summary>
internal sealed class ReadRouter(NodeHandle handle, LeaderRouter leaders)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Routes a read; <paramref name="ask"/> asks the replica of whichever node serves it.</summary>
    public async Task<IResult> ReadAsync(HttpContext context, Func<CountingService, ReadConsistency, CancellationToken, ValueTask<LocalAnswer>> ask)
    {
        if (!ReadLevel.TryRead(context.Request, out var level, out var problem))
            return Problems.Bad(problem);
        if (handle.Running is not { } running)
            return Problems.Starting();
        var result = level.IsByLeader
            ? await leaders.ReadAsync(context, level, (counters, token) => ask(counters, level.Consistency, token))
            : await HereAsync(context, running, level, ask);

        // Why a level cannot be had is a matter of this moment: so is what can be had instead.
        return result is JsonHttpResult<ProblemJson> { Value: { Status: StatusCodes.Status503ServiceUnavailable } refused } && Problems.IsOfLevel(refused.Code)
            ? await InsteadAsync(running, level, refused)
            : result;
    }

    private async Task<IResult> HereAsync(
        HttpContext context, RunningNode running, ReadLevel level, Func<CountingService, ReadConsistency, CancellationToken, ValueTask<LocalAnswer>> ask)
    {
        AnswerHeaders.Sign(context.Response, running.Node.Status);
        if (running.Node.Status is var status && status.Members.All(member => member.Id != status.Id))
            return Problems.NoMember(isUncertain: false);
        if (level.IsSession && level.Token.Incarnation != status.Incarnation)
            return Problems.TokenExpired(level.Token, status.Incarnation);
        using var deadline = RequestDeadline.Of(context, handle.Ending);
        LocalAnswer answer;
        var wasStale = false;
        do
        {
            answer = await ask(running.Counters, level.Consistency, deadline.Token);
            if (answer.Outcome == Outcome.Applied)
            {
                AnswerHeaders.Write(context.Response, running.Node.Status, answer, level);
                return answer.Result;
            }

            wasStale |= answer.Refusal == Refusal.TooStale;
        }
        while (answer.Refusal == Refusal.TooStale && await deadline.PauseAsync(Pause));
        if (handle.Ending.IsCancellationRequested)
            return Problems.For(Outcome.Rejected, Refusal.Stopped);
        if (level.IsSession && answer.Refusal == Refusal.TimedOut)
            return Problems.Behind(level.Token, running.Node.Status.Applied);

        // A read that nobody answered is no read in doubt. Where the time ended in the middle of another try, why it could not be had is what the tries before said.
        return Problems.For(Outcome.Rejected, wasStale && answer.Refusal == Refusal.TimedOut ? Refusal.TooStale : answer.Refusal);
    }

    /// <summary>The refusal with what this node could serve now, by what it knows of itself without asking anybody.</summary>
    private static async Task<IResult> InsteadAsync(RunningNode running, ReadLevel level, ProblemJson refused)
    {
        using var limit = new CancellationTokenSource(RequestTimeout.Usual);
        var now = await running.Counters.StatsAsync(ReadConsistency.Eventual, limit.Token);
        if (now.Outcome != Outcome.Applied)
            return Problems.Again(refused);
        var token = new ReadToken(running.Node.Status.Incarnation, now.Position.Index);
        var age = now.Age is { } known ? string.Create(CultureInfo.InvariantCulture, $"bounded with {ReadLevel.MaxAge} from {Math.Ceiling(known.TotalMilliseconds)} on, ") : "";
        var levels = ReadLevel.ByAnyReplica.Where(name => now.Age is not null || name != ReadLevel.Bounded(1).Name);
        return Problems.Again(refused with
        {
            Detail = $"{refused.Detail} This node cannot serve {level} now; it can serve {age}session with tokens up to {token}, and eventual.",
            Levels = [.. levels],
        });
    }
}
