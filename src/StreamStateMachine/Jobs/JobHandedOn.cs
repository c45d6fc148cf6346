using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The commands that say what became of outputs that a node was to hand on.</summary>
internal sealed class JobHandedOn(JobContext context)
{
    /// <summary>They were handed on. That is true whoever says so, in whatever term.</summary>
    public JobProblem Acknowledge(ref MessagePackReader reader)
    {
        if (!reader.TryReadInt64(out var id) || !reader.TryReadInt64(out var upTo) || reader.Remaining > 0)
            return JobProblem.Malformed;
        if (Find(id) is not { } sink || upTo >= context.Outputs.NextOf(sink))
            return JobProblem.NotFound;
        context.Outputs.Forget(sink, upTo);
        return JobProblem.None;
    }

    /// <summary>They cannot be handed on: they become dead letters.</summary>
    public JobProblem Refuse(ref MessagePackReader reader)
    {
        if (!reader.TryReadInt64(out var id) || !reader.TryReadInt64(out var from) || !reader.TryReadInt64(out var upTo) || !TryReadEnd(ref reader, out var epoch, out var reason))
            return JobProblem.Malformed;
        if (epoch != context.Term)
            return JobProblem.Deposed;
        var outputs = context.Outputs;
        if (Find(id) is not { } sink || from != outputs.FirstOf(sink) || upTo < from || upTo >= outputs.NextOf(sink) || upTo - from >= DeliveryRules.MostOutputs)
            return JobProblem.NotFound;
        MakeRoom(() =>
        {
            for (var sequence = from; sequence <= upTo; sequence++)
            {
                var isThere = outputs.TryGet(sink, sequence, out var time, out var payload);
                Invariant.Check(isThere, "outputs wait without a gap");
                context.Letters.AddOutput(sink, sequence, reason, time, payload.ToArray());
            }

            outputs.Forget(sink, upTo);
        });
        return JobProblem.None;
    }

    /// <summary>An output that was to be handed on again was, or is a dead letter again.</summary>
    public JobProblem Resent(ref MessagePackReader reader)
    {
        if (!reader.TryReadInt64(out var id) || !reader.TryReadInt64(out var sequence) || !TryReadEnd(ref reader, out var epoch, out var reason))
            return JobProblem.Malformed;
        if (epoch != context.Term)
            return JobProblem.Deposed;
        if (Find(id) is not { } sink || !context.Resends.TryNext(sink, sequence, out var found, out var time, out var payload) || found != sequence)
            return JobProblem.NotFound;
        var bytes = payload.ToArray();
        context.Resends.Remove(sink, sequence);
        if (reason.Length > 0)
            MakeRoom(() => context.Letters.AddOutput(sink, sequence, reason, time, bytes));
        return JobProblem.None;
    }

    /// <summary>A dead letter is to be handed on again, under its sequence.</summary>
    public JobProblem Replay(JobLetter letter)
    {
        if (context.Job.Sinks.FirstOrDefault(sink => sink.Outlet is not null && string.Equals(sink.Name, letter.Partition, StringComparison.Ordinal)) is not { } sink)
            return JobProblem.NotFound;
        if (context.Resends.IsFull(sink))
            return JobProblem.SinkFull;
        context.Letters.Remove(letter);
        context.Resends.Add(sink, letter.Output, letter.Time, letter.Bytes.Span);
        return JobProblem.None;
    }

    private SinkNode? Find(long id) => context.Job.Sinks.FirstOrDefault(sink => sink.Id == id && sink.Outlet is not null);

    /// <summary>Outputs that become letters take hardly more than they did: a state that is full must not keep them where they stop the sink.</summary>
    private void MakeRoom(Action change)
    {
        context.State.IsUnlimited = true;
        try
        {
            change();
        }
        finally
        {
            context.State.IsUnlimited = false;
        }
    }

    private static bool TryReadEnd(ref MessagePackReader reader, out long epoch, out string reason)
    {
        var isRead = reader.TryReadInt64(out epoch) & reader.TryReadString(4 * JobLetter.MaxReason, out var text);
        reason = text ?? "";
        return isRead && reader.Remaining == 0;
    }
}
