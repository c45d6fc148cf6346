using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>Writes the answers to queries about jobs. Lists end with what fits: at <see cref="MaxRows"/> items or about <see cref="MaxBytes"/> bytes.</summary>
internal static class JobAnswers
{
    public const int MaxRows = 1000;
    public const int MaxBytes = 1024 * 1024;

    /// <summary>[0, [[name, fingerprint, entries, bytes] ...]]</summary>
    public static void WriteList(IBufferWriter<byte> reply, JobTable jobs)
    {
        var writer = JobQuery.BeginAnswer(reply, 1);
        writer.WriteArrayHeader(jobs.Begun.Count);
        foreach (var instance in jobs.Begun)
        {
            writer.WriteArrayHeader(4);
            writer.WriteString(instance.Job.Name);
            writer.Write(instance.Job.Fingerprint);
            writer.Write((long)instance.Tree.Count);
            writer.Write(instance.Tree.Bytes);
        }
    }

    /// <summary>
    /// [0, entries, bytes, commands, source records, log records, dead letters, next timer of log time, whether timers are due that were not fired, [[source, partition, epoch, position, watermark, idle, log time, records, holder] ...], [watermark of each domain ...],
    /// [[sink, next, first] ...], [[operator, late] ...], [[node, cpu, memory, drained] ...], [[file sink, next, generation, length, crc] ...]]
    /// </summary>
    public static JobProblem WriteStatus(IBufferWriter<byte> reply, JobInstance job)
    {
        var context = job.Context;
        var (commands, sourceRecords, logRecords) = context.Sums.Taken;
        var writer = JobQuery.BeginAnswer(reply, 14);
        writer.Write((long)job.Tree.Count);
        writer.Write(job.Tree.Bytes);
        writer.Write(commands);
        writer.Write(sourceRecords);
        writer.Write(logRecords);
        writer.Write(context.Letters.Total);
        writer.Write(context.Timers.NextLog() ?? -1);
        context.Clock.Load();
        writer.Write(context.Clock.IsBehind);
        var partitions = context.Partitions.ToList();
        writer.WriteArrayHeader(partitions.Count);
        foreach (var (source, name, partition) in partitions)
        {
            writer.WriteArrayHeader(9);
            writer.WriteString(job.Job.Sources[source].Name);
            writer.WriteString(name);
            writer.Write(partition.Epoch);
            writer.WriteBinary(partition.Position.Bytes.Span);
            writer.Write(partition.Watermark);
            writer.Write(partition.IsIdle);
            writer.Write(partition.LastLogTime);
            writer.Write(partition.Records);
            writer.Write((long)partition.Holder);
        }

        WriteOperators(writer, job);
        return JobProblem.None;
    }

    /// <summary>[0, position], or [0] where the partition is not known.</summary>
    public static JobProblem WritePartition(IBufferWriter<byte> reply, JobInstance? job, string source, string partition)
    {
        var place = job?.Job.Sources.ToList().FindIndex(one => string.Equals(one.Name, source, StringComparison.Ordinal)) ?? -1;
        if (place < 0)
            return JobProblem.NotFound;
        if (job!.Context.Partitions.Find(place, partition) is { } stands)
            JobQuery.BeginAnswer(reply, 1).WriteBinary(stands.Position.Bytes.Span);
        else
            JobQuery.BeginAnswer(reply, 0);
        return JobProblem.None;
    }

    /// <summary>[0, value], or [0] where there is no row.</summary>
    public static JobProblem WriteRow(IBufferWriter<byte> reply, JobInstance? job, string table, ReadOnlySpan<byte> key)
    {
        if (job?.Job.Tables.GetValueOrDefault(table) is not { } info)
            return JobProblem.NotFound;
        var place = new KeyBuffer();
        info.WritePrefix(place);
        place.WriteRaw(key);
        if (job.Tree.TryGet(place.Span, out var stored))
            JobQuery.BeginAnswer(reply, 1).WriteBinary(stored);
        else
            JobQuery.BeginAnswer(reply, 0);
        return JobProblem.None;
    }

    /// <summary>[0, upper 64 bits with the sign, lower 64 bits]: the sum of a key's values at the places from one to another, both included; 0 where there is no place between.</summary>
    public static JobProblem WriteSum(IBufferWriter<byte> reply, JobInstance? job, string name, ReadOnlySpan<byte> key, long from, long to)
    {
        if (job?.Job.Tables.GetValueOrDefault(name) is not { } info || info is not IPlaceSums sums)
            return JobProblem.NotFound;
        if (from < 0 || to >= sums.Places || from > sums.Places)
            return JobProblem.Malformed;
        var place = new KeyBuffer();
        info.WritePrefix(place);
        place.WriteRaw(key);
        var owner = place.Length;
        Func<int, long> read = entry =>
        {
            place.Cut(owner);
            place.Write((long)entry);
            return job.Tree.TryGet(place.Span, out var stored) ? Codecs.Int64.Read(stored) : 0;
        };
        var sum = from > to ? 0 : PlaceSums.OfFirst((int)to + 1, read) - PlaceSums.OfFirst((int)from, read);
        var writer = JobQuery.BeginAnswer(reply, 2);
        writer.Write((long)(sum >> 64));
        writer.Write((ulong)(sum & ulong.MaxValue));
        return JobProblem.None;
    }

    /// <summary>[0, whether these are all, [key, value, key ...]]: keys without what precedes them in the state.</summary>
    public static JobProblem WriteRows(IBufferWriter<byte> reply, JobInstance? job, string table, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, int limit)
    {
        if (job?.Job.Tables.GetValueOrDefault(table) is not { } info)
            return JobProblem.NotFound;
        var place = new KeyBuffer();
        info.WritePrefix(place);
        var prefix = place.Length;
        place.WriteRaw(from);
        var next = place.Span.ToArray();
        var rows = new ArrayBufferWriter<byte>();
        var (count, isAll) = (0, true);
        while (job.Tree.TryCeiling(next, out var found, out var stored) && found.StartsWith(place.Span[..prefix]) && (to.IsEmpty || found[prefix..].SequenceCompareTo(to) < 0))
        {
            if (count == limit || (count > 0 && rows.WrittenCount + stored.Length > MaxBytes))
            {
                isAll = false;
                break;
            }

            var row = new MessagePackWriter(rows);
            row.WriteBinary(found[prefix..]);
            row.WriteBinary(stored);
            count++;
            next = [.. found, 0];
        }

        var writer = JobQuery.BeginAnswer(reply, 2);
        writer.Write(isAll);
        writer.WriteArrayHeader(2 * count);
        reply.Write(rows.WrittenSpan);
        return JobProblem.None;
    }

    /// <summary>[0, first that is kept, next to be made, [sequence, time, bytes, sequence ...]]</summary>
    public static JobProblem WriteOutputs(IBufferWriter<byte> reply, JobInstance? job, string sink, long from, int limit)
    {
        if (job?.Job.Sinks.FirstOrDefault(node => string.Equals(node.Name, sink, StringComparison.Ordinal)) is not { } node)
            return JobProblem.NotFound;
        var outputs = job.Context.Outputs;
        var (first, next) = (outputs.FirstOf(node), outputs.NextOf(node));
        var items = new ArrayBufferWriter<byte>();
        var count = 0;
        for (var sequence = Math.Max(first, from); sequence < next && count < limit && items.WrittenCount < MaxBytes; sequence++)
        {
            if (!outputs.TryGet(node, sequence, out var time, out var payload))
                break;
            var item = new MessagePackWriter(items);
            item.Write(sequence);
            item.Write(time);
            item.WriteBinary(payload);
            count++;
        }

        var writer = JobQuery.BeginAnswer(reply, 3);
        writer.Write(first);
        writer.Write(next);
        writer.WriteArrayHeader(3 * count);
        reply.Write(items.WrittenSpan);
        return JobProblem.None;
    }

    /// <summary>As <see cref="WriteOutputs"/>, of the outputs that are to be handed on again.</summary>
    public static JobProblem WriteResends(IBufferWriter<byte> reply, JobInstance? job, string sink, int limit)
    {
        if (job?.Job.Sinks.FirstOrDefault(node => string.Equals(node.Name, sink, StringComparison.Ordinal)) is not { } node)
            return JobProblem.NotFound;
        var items = new ArrayBufferWriter<byte>();
        var (count, from) = (0, 0L);
        while (count < limit && items.WrittenCount < MaxBytes && job.Context.Resends.TryNext(node, from, out var sequence, out var time, out var payload))
        {
            var item = new MessagePackWriter(items);
            item.Write(sequence);
            item.Write(time);
            item.WriteBinary(payload);
            (count, from) = (count + 1, sequence + 1);
        }

        var writer = JobQuery.BeginAnswer(reply, 3);
        writer.Write(job.Context.Outputs.FirstOf(node));
        writer.Write(job.Context.Outputs.NextOf(node));
        writer.WriteArrayHeader(3 * count);
        reply.Write(items.WrittenSpan);
        return JobProblem.None;
    }

    /// <summary>[0, how many there have been, [letter ...]]: those that are kept, from a sequence on.</summary>
    public static JobProblem WriteLetters(IBufferWriter<byte> reply, JobInstance? job, long from, int limit)
    {
        if (job is null)
            return JobProblem.NotFound;
        var items = new ArrayBufferWriter<byte>();
        var count = 0;
        var key = new KeyBuffer();
        for (var sequence = from; count < limit && items.WrittenCount < MaxBytes; count++)
        {
            key.Cut(0);
            key.Write(StateKeys.DeadLetter);
            key.Write(sequence);
            if (!job.Tree.TryCeiling(key.Span, out var found, out var stored) || found[0] != StateKeys.DeadLetter)
                break;
            items.Write(stored);
            sequence = StateKeys.Int64At(found, 1) + 1;
        }

        var writer = JobQuery.BeginAnswer(reply, 2);
        writer.Write(job.Context.Letters.Total);
        writer.WriteArrayHeader(count);
        reply.Write(items.WrittenSpan);
        return JobProblem.None;
    }

    private static void WriteOperators(MessagePackWriter writer, JobInstance job)
    {
        var context = job.Context;
        writer.WriteArrayHeader(job.Job.Domains.Count);
        for (var domain = 0; domain < job.Job.Domains.Count; domain++)
            writer.Write(context.Clock.WatermarkOf(domain));
        writer.WriteArrayHeader(job.Job.Sinks.Count);
        foreach (var sink in job.Job.Sinks)
        {
            writer.WriteArrayHeader(3);
            writer.WriteString(sink.Name);
            writer.Write(context.Outputs.NextOf(sink));
            writer.Write(context.Outputs.FirstOf(sink));
        }

        var late = job.Job.Nodes.Where(node => context.Sums.LateAt(node) > 0).ToList();
        writer.WriteArrayHeader(late.Count);
        foreach (var node in late)
        {
            writer.WriteArrayHeader(2);
            writer.WriteString(node.Name);
            writer.Write(context.Sums.LateAt(node));
        }

        var hosts = context.Hosts.ToList();
        writer.WriteArrayHeader(hosts.Count);
        foreach (var host in hosts)
            host.Write(writer);
        WriteFiles(writer, job);
    }

    private static void WriteFiles(MessagePackWriter writer, JobInstance job)
    {
        writer.WriteArrayHeader(job.Job.Files.Count);
        foreach (var sink in job.Job.Files)
        {
            var end = job.Context.Files.EndOf(sink);
            writer.WriteArrayHeader(5);
            writer.WriteString(sink.Name);
            writer.Write(end.Next);
            writer.Write(end.File.Generation);
            writer.Write(end.File.Length);
            writer.Write((long)end.File.Crc);
        }
    }
}
