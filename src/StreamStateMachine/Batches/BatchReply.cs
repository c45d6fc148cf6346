using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The reply to a batch: [problem, [[problem, existed, nil, integer or binary] ...]], in the order of its operations.</summary>
internal static class BatchReply
{
    /// <summary>Begins an operation's result; a value must follow (<see cref="ValueEncoding"/>).</summary>
    public static void WriteResult(MessagePackWriter writer, StoreProblem problem, bool existed)
    {
        writer.WriteArrayHeader(3);
        writer.Write((ulong)problem);
        writer.Write(existed);
    }

    /// <summary>Reads a reply; false where the bytes are none. No results where the batch was declined.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out StoreProblem problem, out List<BatchResult> results)
    {
        var reader = new MessagePackReader(bytes);
        results = [];
        if (!ReplyCode.TryBegin(ref reader, 2, out problem, out var declined))
            return false;
        if (declined)
            return reader.Remaining == 0;
        if (!reader.TryReadArrayHeader(out var count) || count > StoreBatch.MaxOperations)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (!TryReadResult(ref reader, out var result))
                return false;
            results.Add(result);
        }

        return reader.Remaining == 0;
    }

    private static bool TryReadResult(ref MessagePackReader reader, out BatchResult result)
    {
        result = default;
        if (!reader.TryReadArrayHeader(out var fields) || fields != 3 || !reader.TryReadUInt64(out var code) || !reader.TryReadBoolean(out var existed))
            return false;
        BatchProblem? problem = (StoreProblem)Math.Min(code, byte.MaxValue) switch
        {
            StoreProblem.None => BatchProblem.None,
            StoreProblem.Overflow => BatchProblem.Overflow,
            StoreProblem.WrongType => BatchProblem.WrongType,
            StoreProblem.Full => BatchProblem.Full,
            _ => null,
        };
        if (problem is null || !ValueEncoding.TryRead(ref reader, out var value))
            return false;
        result = new(problem.Value, value, existed);
        return true;
    }
}
