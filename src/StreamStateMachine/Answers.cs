namespace RaftStream.StreamStateMachine;

/// <summary>Turns a node's answers, whose reply is bytes, into the typed ones that a program gets.</summary>
internal static class Answers
{
    /// <summary>The answer to a request about one counter.</summary>
    public static CounterAnswer ToCounter(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied || answer.Refusal == Refusal.ReplyNotKept)
            return new(answer.Outcome, answer.Refusal, answer.Position, 0, false, false, null) { Accepted = answer.Accepted };
        if (!CounterReply.TryRead(answer.Reply.Span, out var reply))
            throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, reply.Value, reply.Exists, reply.Matched, StoreProblems.Sentence(reply.Problem)) { Age = answer.Age, IsTentative = answer.IsTentative };
    }

    /// <summary>The answer to a request for some counters.</summary>
    public static ValuesAnswer ToValues(IReadOnlyCollection<string> keys, in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, []);
        var values = ValuesReply.TryRead(answer.Reply.Span, out var problem) ?? throw Foreign();
        if (problem != StoreProblem.None)
            return new(answer.Outcome, answer.Refusal, answer.Position, []) { Age = answer.Age, Problem = StoreProblems.Sentence(problem) };
        if (values.Count != keys.Count)
            throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, [.. keys.Zip(values, static (key, value) => new CounterValue(key, value))]) { Age = answer.Age };
    }

    /// <summary>The answer to a request for the sum over a range.</summary>
    public static RangeSumAnswer ToRangeSum(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, 0, 0);
        if (!RangeSumReply.TryRead(answer.Reply.Span, out var sum))
            throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, sum.Sum, sum.Count) { Age = answer.Age };
    }

    /// <summary>The answer to a request for the largest counters.</summary>
    public static TopAnswer ToTop(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, [], 0, 0);
        var reply = TopReply.TryRead(answer.Reply.Span) ?? throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, reply.Rows, reply.Total, reply.Distinct) { Age = answer.Age };
    }

    /// <summary>The answer to a request for a job's position.</summary>
    public static JobAnswer ToJob(PartitionName name, in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, null);
        var reply = PartitionReply.TryRead(answer.Reply.Span) ?? throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, ToPosition(name, reply)) { Age = answer.Age };
    }

    /// <summary>The answer to a request for a partition's dead letters.</summary>
    public static DeadLettersAnswer ToDeadLetters(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, 0, []);
        var reply = DeadLettersReply.TryRead(answer.Reply.Span) ?? throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, reply.Count, reply.Letters) { Age = answer.Age };
    }

    /// <summary>The answer to a request for the size of the store.</summary>
    public static StatsAnswer ToStats(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, 0, 0, 0, 0, 0);
        var reply = StatsReply.TryRead(answer.Reply.Span) ?? throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, reply.Total, reply.Distinct, reply.KeyBytes, reply.Partitions, reply.StateHash) { Age = answer.Age, Keys = reply.Keys, ValueBytes = reply.ValueBytes };
    }

    /// <summary>The answer to a batch.</summary>
    public static BatchAnswer ToBatch(in Answer answer) => BatchAnswer.TryRead(answer, out var typed) ? typed : throw Foreign();

    /// <summary>The answer to a request for what some keys hold.</summary>
    public static StoreValuesAnswer ToStoreValues(int keys, in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, []);
        if (!StoreValuesReply.TryRead(answer.Reply.Span, out var problem, out var values) || (problem == StoreProblem.None && values.Count != keys))
            throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, values) { Age = answer.Age, Problem = StoreProblems.Sentence(problem) };
    }

    /// <summary>The answer to a request for a page of keys.</summary>
    public static ScanAnswer ToScan(in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied)
            return new(answer.Outcome, answer.Refusal, answer.Position, 0, []);
        if (!ScanReply.TryRead(answer.Reply.Span, out var problem, out var next, out var keys))
            throw Foreign();
        return new(answer.Outcome, answer.Refusal, answer.Position, next, keys) { Age = answer.Age, Problem = StoreProblems.Sentence(problem) };
    }

    /// <summary>Where a partition stands; null or epoch 0 for one that does not exist.</summary>
    public static JobPosition ToPosition(PartitionName name, PartitionReply? reply) => reply is null or { Epoch: 0 }
        ? new(name.Job, name.Partition, false, 0, ReadOnlyMemory<byte>.Empty, 0, 0)
        : new(name.Job, name.Partition, true, reply.Offset, reply.PrefixSha256, reply.Words, reply.DeadLetters);

    /// <summary>What is thrown where a reply is none of this store.</summary>
    public static InvalidOperationException Foreign() =>
        new("The reply is none of a counting store: give the service a node that was started with a CountingStore.");
}
