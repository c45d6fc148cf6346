using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Reads the answers to queries for rows, outputs and dead letters (<see cref="JobAnswers"/>).</summary>
internal static class JobRows
{
    /// <summary>Reads one row. False: there is none, or the query was declined, which <paramref name="problem"/> then tells.</summary>
    public static bool TryReadRow(ReadOnlySpan<byte> reply, out string? problem, out ReadOnlySpan<byte> value)
    {
        value = default;
        var reader = Begin(reply, out var parts, out problem);
        return problem is null && parts == 2 && reader.TryReadBinary(out value);
    }

    /// <summary>Reads a sum over places. False: the query was declined.</summary>
    public static bool TryReadSum(ReadOnlySpan<byte> reply, out string? problem, out Int128 sum)
    {
        sum = 0;
        var reader = Begin(reply, out _, out problem);
        if (problem is not null)
            return false;
        if (!reader.TryReadInt64(out var upper) || !reader.TryReadUInt64(out var lower))
            throw JobStatus.Broken();
        sum = ((Int128)upper << 64) | lower;
        return true;
    }

    /// <summary>Reads rows as they are kept. False: the query was declined.</summary>
    public static bool TryReadRows(ReadOnlySpan<byte> reply, out string? problem, out bool isAll, out List<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value)> rows)
    {
        (isAll, rows) = (false, []);
        var reader = Begin(reply, out _, out problem);
        if (problem is not null)
            return false;
        if (!reader.TryReadBoolean(out isAll) || !reader.TryReadArrayHeader(out var count))
            throw JobStatus.Broken();
        for (var i = 0; i < count; i += 2)
        {
            if (!reader.TryReadBinary(out var key) || !reader.TryReadBinary(out var value))
                throw JobStatus.Broken();
            rows.Add((key.ToArray(), value.ToArray()));
        }

        return true;
    }

    /// <summary>Reads outputs of a sink; null: the query was declined.</summary>
    public static List<SinkOutput>? ReadOutputs(ReadOnlySpan<byte> reply)
    {
        var reader = Begin(reply, out _, out var problem);
        if (problem is not null)
            return null;
        if (!reader.TryReadInt64(out _) || !reader.TryReadInt64(out _) || !reader.TryReadArrayHeader(out var count))
            throw JobStatus.Broken();
        var outputs = new List<SinkOutput>(count / 3);
        for (var i = 0; i < count; i += 3)
        {
            if (!reader.TryReadInt64(out var sequence) || !reader.TryReadInt64(out var time) || !reader.TryReadBinary(out var bytes))
                throw JobStatus.Broken();
            outputs.Add(new(sequence, time, System.Text.Encoding.UTF8.GetString(bytes)));
        }

        return outputs;
    }

    /// <summary>Reads dead letters; null: the query was declined.</summary>
    public static (long Total, List<JobLetter> Letters)? ReadLetters(ReadOnlySpan<byte> reply)
    {
        var reader = Begin(reply, out _, out var problem);
        if (problem is not null)
            return null;
        if (!reader.TryReadInt64(out var total) || !reader.TryReadArrayHeader(out var count))
            throw JobStatus.Broken();
        var letters = new List<JobLetter>(count);
        for (var i = 0; i < count; i++)
            letters.Add(JobLetter.TryRead(ref reader) ?? throw JobStatus.Broken());
        return (total, letters);
    }

    private static MessagePackReader Begin(ReadOnlySpan<byte> reply, out int parts, out string? problem)
    {
        var reader = new MessagePackReader(reply);
        if (!reader.TryReadArrayHeader(out parts) || !reader.TryReadUInt64(out var code) || code > byte.MaxValue)
            throw JobStatus.Broken();
        problem = JobProblems.Sentence((JobProblem)code);
        return reader;
    }
}

/// <summary>One output of a sink.</summary>
/// <param name="Sequence">Its number: one more than that of the output before it.</param>
/// <param name="Time">Its event time, in milliseconds since 1970-01-01 UTC.</param>
/// <param name="Text">What the sink wrote.</param>
public sealed record SinkOutput(long Sequence, long Time, string Text);
