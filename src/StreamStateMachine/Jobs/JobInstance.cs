using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// A job at one replica: its state and the operators over it. Every command changes all that it says, or nothing: what a declined one did is taken back.
/// </summary>
/// <remarks>
/// Exactly once rests on the position: an Advance applies only where the partition stands, and moves it in the same entry. A record that its operator calls poison is set aside and leaves
/// nothing else behind. Any other exception leaves <c>Apply</c> and stops the replica.
/// </remarks>
internal sealed class JobInstance
{
    private readonly ApplyPipeline _pipeline;
    private readonly JobHandedOn _handedOn;

    public JobInstance(Job job, StateTree tree, IDisk? files)
    {
        (Job, Tree) = (job, tree);
        Context = new(job, new StateJournal(tree, job.Options.MaxStateBytes), files);
        _pipeline = new(job, Context);
        _handedOn = new(Context);
    }

    public Job Job { get; }

    public StateTree Tree { get; }

    public JobContext Context { get; }

    /// <summary>Applies what follows the job's name and fingerprint; gives the partition that it was about.</summary>
    public JobProblem Apply(in Command command, JobOpcode opcode, ref MessagePackReader reader, out JobPartition? partition)
    {
        partition = null;
        Context.Begin(command);
        var problem = JobProblem.None;
        try
        {
            problem = opcode switch
            {
                JobOpcode.Register => Register(ref reader),
                JobOpcode.Open => Open(ref reader, out partition),
                JobOpcode.Advance => Advance(command.Payload, ref reader, out partition),
                JobOpcode.Acknowledge => _handedOn.Acknowledge(ref reader),
                JobOpcode.Refuse => _handedOn.Refuse(ref reader),
                JobOpcode.Resent => _handedOn.Resent(ref reader),
                JobOpcode.Replay => Replay(ref reader),
                JobOpcode.Discard => Discard(ref reader),
                JobOpcode.Host => SetHost(ref reader),
                _ => reader.Remaining == 0 ? JobProblem.None : JobProblem.Malformed,
            };
        }
        catch (StateFullException)
        {
            problem = JobProblem.StateFull;
        }

        if (problem is JobProblem.None)
        {
            Fire();
        }
        else if (problem is not JobProblem.Busy)
        {
            Context.State.RollbackTo(0);
            Context.Clock.Load();
        }

        Context.Files.Commit();
        Context.State.Commit();
        return problem;
    }

    /// <summary>What fires makes room in the end: it is not held to the limit.</summary>
    private bool Fire()
    {
        Context.State.IsUnlimited = true;
        try
        {
            return Context.Clock.Fire(_pipeline, Job.Options.MaxTimersPerCommand);
        }
        finally
        {
            Context.State.IsUnlimited = false;
        }
    }

    private JobProblem Register(ref MessagePackReader reader)
    {
        if (!TryReadSource(ref reader, out var source, out var problem))
            return problem;
        if (!reader.TryReadArrayHeader(out var count))
            return JobProblem.Malformed;
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var name) || !StoreLimits.IsName(name))
                return JobProblem.InvalidName;
            if (Context.Partitions.Find(source, name) is not null)
                continue;
            if (Context.Sums.Partitions >= JobLimits.MaxPartitions)
                return JobProblem.TooMany;
            Context.Partitions.Add(source, name);
        }

        return reader.Remaining == 0 ? JobProblem.None : JobProblem.Malformed;
    }

    private JobProblem Open(ref MessagePackReader reader, out JobPartition? partition)
    {
        partition = null;
        if (!TryReadSource(ref reader, out var source, out var problem))
            return problem;
        if (!reader.TryReadString(StoreLimits.MaxNameBytes, out var name) || !reader.TryReadInt64(out var node) || node is < 0 or > NodeId.MaxValue || reader.Remaining > 0)
            return JobProblem.Malformed;
        if (Context.Partitions.Find(source, name) is not { } before)
            return JobProblem.NotFound;
        partition = before with { Epoch = before.Epoch + 1, Holder = (int)node };
        Context.Partitions.Set(source, name, before, partition);
        return JobProblem.None;
    }

    private JobProblem Advance(ReadOnlyMemory<byte> payload, ref MessagePackReader reader, out JobPartition? partition)
    {
        partition = null;
        if (!AdvanceHead.TryRead(ref reader, out var head) || head.Source >= Job.Sources.Count)
            return JobProblem.Malformed;
        partition = Context.Partitions.Find(head.Source, head.Partition);
        var problem = Judge(head, ref partition);
        if (problem != JobProblem.None)
            return problem;
        if (!Fire())
            return JobProblem.Busy;
        if (Job.Sinks.Any(sink => sink.Keep is null && Context.Outputs.WaitingAt(sink) >= Job.Options.MaxWaitingOutputs))
            return JobProblem.SinkFull;
        problem = TakeRecords(payload, ref reader, head);
        if (problem != JobProblem.None)
            return problem;
        var before = Context.Partitions.Find(head.Source, head.Partition)!;
        partition = before with
        {
            Position = head.To,
            Watermark = Math.Max(before.Watermark, head.Watermark),
            IsIdle = false,
            LastLogTime = Context.LogTime,
            Records = before.Records + head.SourceRecords,
        };
        Context.Partitions.Set(head.Source, head.Partition, before, partition);
        if (before.IsIdle)
            Context.Partitions.WatchIdleness(head.Source, head.Partition, Context.LogTime);
        return JobProblem.None;
    }

    private JobProblem Judge(in AdvanceHead head, ref JobPartition? partition)
    {
        if (head.Epoch == 0 && partition is null)
        {
            if (!StoreLimits.IsName(head.Partition))
                return JobProblem.InvalidName;
            if (Context.Sums.Partitions >= JobLimits.MaxPartitions)
                return JobProblem.TooMany;
            partition = Context.Partitions.Add(head.Source, head.Partition);
        }

        if (partition is null || head.Epoch > partition.Epoch)
            return JobProblem.NotOpened;
        if (head.Epoch < partition.Epoch)
            return JobProblem.Superseded;
        if (head.From != partition.Position)
            return JobProblem.WrongPosition;

        // Where nothing lies between, the comparison of positions would let copies through: only a watermark may come that way.
        return head.From == head.To && head.SourceRecords > 0 ? JobProblem.Malformed : JobProblem.None;
    }

    private JobProblem TakeRecords(ReadOnlyMemory<byte> payload, ref MessagePackReader reader, in AdvanceHead head)
    {
        if (!reader.TryReadArrayHeader(out var records) || (records > 0 && head.SourceRecords == 0))
            return JobProblem.Malformed;
        var sourceName = Job.Sources[head.Source].Name;
        for (var i = 0; i < records; i++)
        {
            if (!reader.TryReadArrayHeader(out var fields) || fields != 3 || !reader.TryReadInt64(out var edge) || !reader.TryReadInt64(out var time) || !reader.TryReadBinary(out var bytes))
                return JobProblem.Malformed;
            if (_pipeline.Entry((int)Math.Clamp(edge, -1, int.MaxValue)) is not { } entry)
                return JobProblem.Malformed;
            TakeRecord(entry, (int)edge, time, payload.Slice(reader.Position - bytes.Length, bytes.Length), sourceName, head.Partition);
        }

        if (!reader.TryReadArrayHeader(out var letters))
            return JobProblem.Malformed;
        for (var i = 0; i < letters; i++)
        {
            if (!reader.TryReadArrayHeader(out var fields) || fields != 3 || !reader.TryReadString(4 * JobLetter.MaxReason, out var reason) || !reader.TryReadInt64(out var time) || !reader.TryReadBinary(out var raw))
                return JobProblem.Malformed;
            Context.Letters.AddRecord(sourceName, head.Partition, reason, -1, time, raw.ToArray());
        }

        if (reader.Remaining > 0)
            return JobProblem.Malformed;
        Context.Sums.CountCommand(head.SourceRecords, records);
        return JobProblem.None;
    }

    private void TakeRecord(IIngressEntry entry, int edge, long time, ReadOnlyMemory<byte> bytes, string source, string partition)
    {
        var mark = Context.State.Mark();
        try
        {
            entry.Enter(bytes.Span, time);
        }
        catch (PoisonRecordException poison)
        {
            Context.State.RollbackTo(mark);
            Context.Letters.AddRecord(source, partition, poison.Message, edge, time, bytes);
        }
        catch (JobCodeException problem)
        {
            throw JobCodeException.OnReplicas(problem, Job.Name, $"a record of partition '{partition}' of '{source}'");
        }
    }

    private JobProblem Replay(ref MessagePackReader reader)
    {
        if (!reader.TryReadInt64(out var sequence) || reader.Remaining > 0)
            return JobProblem.Malformed;
        if (Context.Letters.Find(sequence) is not { } letter)
            return JobProblem.NotFound;
        if (letter.Output > 0)
            return _handedOn.Replay(letter);
        if (_pipeline.Entry(letter.Ingress) is not { } entry)
            return JobProblem.NotFound;
        if (!Fire())
            return JobProblem.Busy;
        Context.Letters.Remove(letter);
        TakeRecord(entry, letter.Ingress, letter.Time, letter.Bytes, letter.Source, letter.Partition);
        return JobProblem.None;
    }

    private JobProblem Discard(ref MessagePackReader reader)
    {
        if (!reader.TryReadInt64(out var sequence) || reader.Remaining > 0)
            return JobProblem.Malformed;
        if (Context.Letters.Find(sequence) is not { } letter)
            return JobProblem.NotFound;
        Context.Letters.Remove(letter);
        return JobProblem.None;
    }

    private JobProblem SetHost(ref MessagePackReader reader)
    {
        if (!JobHost.TryRead(ref reader, out var host) || reader.Remaining > 0)
            return JobProblem.Malformed;
        Context.Hosts.Set(host);
        return JobProblem.None;
    }

    private bool TryReadSource(ref MessagePackReader reader, out int source, out JobProblem problem)
    {
        problem = reader.TryReadInt64(out var number) ? JobProblem.None : JobProblem.Malformed;
        source = (int)Math.Clamp(number, 0, int.MaxValue);
        if (problem == JobProblem.None && (number < 0 || number >= Job.Sources.Count))
            problem = JobProblem.NotFound;
        return problem == JobProblem.None;
    }
}
