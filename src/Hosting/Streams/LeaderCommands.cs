using System.Globalization;
using System.Text.Json;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.Streams;

/// <summary>
/// Gets a job's command to the leader: proposes it here if this node leads, sends it on if it knows who does, and waits for an election within its time. What is in doubt is never sent again; the reader finds out where the
/// partition stands.
/// </summary>
internal sealed class LeaderCommands(NodeHandle handle, LeaderConnection leaders, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Proposes, within <see cref="RequestTimeout.Usual"/> and until it is cancelled.</summary>
    public async ValueTask<Answer> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        if (handle.Running is not { } running)
            return new(Outcome.Rejected, Refusal.Stopped, default, default);
        using var usual = new CancellationTokenSource(RequestTimeout.Usual, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, usual.Token, handle.Ending);
        var start = time.GetTimestamp();
        while (!limit.IsCancellationRequested)
        {
            var status = running.Node.Status;
            if (status.Role == Role.Leader)
            {
                var answer = await running.Node.ProposeAsync(command, limit.Token).ConfigureAwait(false);
                if (answer.Outcome != Outcome.Rejected || answer.Refusal is not (Refusal.NotLeader or Refusal.NotReady or Refusal.Transferring or Refusal.LostLeadership))
                    return answer;
            }
            else if (running.ClientAddressOf(status.Leader) is { } leader)
            {
                // The node that gets it must not send it on for ever: it may take another one for the leader.
                var head = new EnvelopeHead($"POST {StreamCommandEndpoint.Path}", RequestDeadline.Headers(RequestDeadline.MaxHops - 1, RequestTimeout.Usual - time.GetElapsedTime(start)));
                var (end, answer) = await leaders.AskForAsync(running.Program, leader, head, command, limit.Token).ConfigureAwait(false);
                if (end == Forwarded.Lost)
                    return new(Outcome.Unknown, Refusal.LostLeadership, default, default);
                if (answer is not null)
                    return Read(answer);
            }

            await Task.Delay(Pause, time, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return new(Outcome.Rejected, Refusal.NoLeader, default, default);
    }

    private static Answer Read(ForwardAnswer answer)
    {
        if (answer.Status == StatusCodes.Status200OK
            && long.TryParse(answer.Headers[AnswerHeaders.Index], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && long.TryParse(answer.Headers[AnswerHeaders.Term], NumberStyles.None, CultureInfo.InvariantCulture, out var term))
            return new(Outcome.Applied, Refusal.None, new(new(index), new(term)), answer.Body.ToArray());
        var problem = JsonSerializer.Deserialize(answer.Body, NodeJson.Default.ProblemJson);
        return problem?.Outcome == "rejected"
            ? new(Outcome.Rejected, Problems.RefusalOf(problem.Code), default, default)
            : new(Outcome.Unknown, Refusal.LostLeadership, default, default);
    }
}
