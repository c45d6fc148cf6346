using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The first value of a query about jobs: what is asked. They share their numbers with those of the store.</summary>
internal enum JobQueryOpcode : byte
{
    /// <summary>[32]: the jobs that were begun.</summary>
    List = 32,

    /// <summary>[33, job]: where a job stands.</summary>
    Status = 33,

    /// <summary>[34, job, table, key]: one row.</summary>
    Get = 34,

    /// <summary>[35, job, table, from, to, limit]: rows in the order of their keys, from one key's bytes on, before another's; none: to the end.</summary>
    Range = 35,

    /// <summary>[36, job, sink, from, limit]: outputs of a sink from a sequence on.</summary>
    Outputs = 36,

    /// <summary>[37, job, from, limit]: dead letters from a sequence on.</summary>
    Letters = 37,

    /// <summary>[38, job, sink, limit]: outputs of a sink that are to be handed on again; answered as <see cref="Outputs"/> is.</summary>
    Resends = 38,

    /// <summary>[39, job, source, partition]: where one partition of a source stands.</summary>
    Partition = 39,

    /// <summary>[40, job, sums, key, from, to]: the sum of a key's values at the places from one to another, both included.</summary>
    Sum = 40,
}

/// <summary>Writes queries about jobs and answers them. A query changes nothing, and no bytes make it throw.</summary>
internal static class JobQuery
{
    public static void WriteList(IBufferWriter<byte> output) => Begin(output, JobQueryOpcode.List, 1);

    public static void WriteStatus(IBufferWriter<byte> output, string job) => Begin(output, JobQueryOpcode.Status, 2).WriteString(job);

    public static void WriteGet(IBufferWriter<byte> output, string job, string table, ReadOnlySpan<byte> key)
    {
        var writer = Begin(output, JobQueryOpcode.Get, 4);
        writer.WriteString(job);
        writer.WriteString(table);
        writer.WriteBinary(key);
    }

    public static void WriteRange(IBufferWriter<byte> output, string job, string table, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, int limit)
    {
        var writer = Begin(output, JobQueryOpcode.Range, 6);
        writer.WriteString(job);
        writer.WriteString(table);
        writer.WriteBinary(from);
        writer.WriteBinary(to);
        writer.Write((long)limit);
    }

    public static void WriteSum(IBufferWriter<byte> output, string job, string sums, ReadOnlySpan<byte> key, int from, int to)
    {
        var writer = Begin(output, JobQueryOpcode.Sum, 6);
        writer.WriteString(job);
        writer.WriteString(sums);
        writer.WriteBinary(key);
        writer.Write((long)from);
        writer.Write((long)to);
    }

    public static void WriteOutputs(IBufferWriter<byte> output, string job, string sink, long from, int limit)
    {
        var writer = Begin(output, JobQueryOpcode.Outputs, 5);
        writer.WriteString(job);
        writer.WriteString(sink);
        writer.Write(from);
        writer.Write((long)limit);
    }

    public static void WriteResends(IBufferWriter<byte> output, string job, string sink, int limit)
    {
        var writer = Begin(output, JobQueryOpcode.Resends, 4);
        writer.WriteString(job);
        writer.WriteString(sink);
        writer.Write((long)limit);
    }

    public static void WriteLetters(IBufferWriter<byte> output, string job, long from, int limit)
    {
        var writer = Begin(output, JobQueryOpcode.Letters, 4);
        writer.WriteString(job);
        writer.Write(from);
        writer.Write((long)limit);
    }

    public static void WritePartition(IBufferWriter<byte> output, string job, string source, string partition)
    {
        var writer = Begin(output, JobQueryOpcode.Partition, 4);
        writer.WriteString(job);
        writer.WriteString(source);
        writer.WriteString(partition);
    }

    /// <summary>Answers a query about jobs; false: it is none, and nothing was written.</summary>
    public static bool TryAnswer(ReadOnlySpan<byte> query, JobTable jobs, IBufferWriter<byte> reply)
    {
        var reader = new MessagePackReader(query);
        if (!reader.TryReadArrayHeader(out var count) || !reader.TryReadUInt64(out var opcode) || opcode < (ulong)JobQueryOpcode.List || opcode > byte.MaxValue)
            return false;
        var problem = Answer((JobQueryOpcode)opcode, count, ref reader, jobs, reply);
        if (problem != JobProblem.None)
            WriteProblem(reply, problem);
        return true;
    }

    private static JobProblem Answer(JobQueryOpcode opcode, int count, ref MessagePackReader reader, JobTable jobs, IBufferWriter<byte> reply)
    {
        if (opcode == JobQueryOpcode.List)
        {
            if (count != 1 || reader.Remaining > 0)
                return JobProblem.Malformed;
            JobAnswers.WriteList(reply, jobs);
            return JobProblem.None;
        }

        if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var name))
            return JobProblem.Malformed;
        var job = jobs.Find(name);
        switch (opcode, count)
        {
            case (JobQueryOpcode.Status, 2) when reader.Remaining == 0:
                return job is null ? JobProblem.NotFound : JobAnswers.WriteStatus(reply, job);
            case (JobQueryOpcode.Get, 4):
                if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var table) || !reader.TryReadBinary(out var key) || reader.Remaining > 0 || key.Length > StateKeys.MaxUserKey + 16)
                    return JobProblem.Malformed;
                return JobAnswers.WriteRow(reply, job, table, key);
            case (JobQueryOpcode.Range, 6):
                if (!reader.TryReadString(StoreLimits.MaxNameBytes, out table) || !reader.TryReadBinary(out key) || !reader.TryReadBinary(out var to) || !TryReadLimit(ref reader, out var limit)
                    || key.Length > StateKeys.MaxUserKey + 32 || to.Length > StateKeys.MaxUserKey + 32)
                    return JobProblem.Malformed;
                return JobAnswers.WriteRows(reply, job, table, key, to, limit);
            case (JobQueryOpcode.Sum, 6):
                if (!reader.TryReadString(StoreLimits.MaxNameBytes, out table) || !reader.TryReadBinary(out key) || !reader.TryReadInt64(out var from) || !reader.TryReadInt64(out var last)
                    || reader.Remaining > 0 || key.Length > StateKeys.MaxUserKey)
                    return JobProblem.Malformed;
                return JobAnswers.WriteSum(reply, job, table, key, from, last);
            case (JobQueryOpcode.Outputs, 5):
                if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var sink) || !reader.TryReadInt64(out from) || !TryReadLimit(ref reader, out limit))
                    return JobProblem.Malformed;
                return JobAnswers.WriteOutputs(reply, job, sink, from, limit);
            case (JobQueryOpcode.Resends, 4):
                if (!reader.TryReadString(StoreLimits.MaxNameBytes, out sink) || !TryReadLimit(ref reader, out limit))
                    return JobProblem.Malformed;
                return JobAnswers.WriteResends(reply, job, sink, limit);
            case (JobQueryOpcode.Partition, 4):
                if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var source) || !reader.TryReadString(StoreLimits.MaxNameBytes, out var partition) || reader.Remaining > 0)
                    return JobProblem.Malformed;
                return JobAnswers.WritePartition(reply, job, source, partition);
            case (JobQueryOpcode.Letters, 4):
                if (!reader.TryReadInt64(out from) || !TryReadLimit(ref reader, out limit))
                    return JobProblem.Malformed;
                return JobAnswers.WriteLetters(reply, job, from, limit);
            default:
                return JobProblem.Malformed;
        }
    }

    /// <summary>Begins the answer to a query that was not declined: so many values follow the first, which is 0.</summary>
    public static MessagePackWriter BeginAnswer(IBufferWriter<byte> reply, int values)
    {
        var writer = new MessagePackWriter(reply);
        writer.WriteArrayHeader(1 + values);
        writer.Write((ulong)JobProblem.None);
        return writer;
    }

    private static void WriteProblem(IBufferWriter<byte> reply, JobProblem problem)
    {
        var writer = new MessagePackWriter(reply);
        writer.WriteArrayHeader(1);
        writer.Write((ulong)problem);
    }

    private static bool TryReadLimit(ref MessagePackReader reader, out int limit)
    {
        var read = reader.TryReadInt64(out var value) && reader.Remaining == 0 && value is >= 1 and <= JobAnswers.MaxRows;
        limit = read ? (int)value : 0;
        return read;
    }

    private static MessagePackWriter Begin(IBufferWriter<byte> output, JobQueryOpcode opcode, int count)
    {
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(count);
        writer.Write((ulong)opcode);
        return writer;
    }
}
