using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>Holds a job against its reference, command by command as the log has them, and as a whole.</summary>
/// <remarks>
/// Where few timers fire in a command the job may be behind its reference, which has all of them fire at once: what it gave out then is a beginning of what the reference did, until nothing
/// is due any more. Why a fitting batch may be declined is told by that alone.
/// </remarks>
internal sealed class JobOracle
{
    private const string Equal = "EqualReference";
    private const int TablesEvery = 16;

    private readonly JobBuild _build;
    private readonly JobReference _reference;
    private readonly Dictionary<int, long> _seen = [];
    private readonly List<(RefSink Sink, SinkNode Node)> _sinks;
    private readonly List<RefOp> _lateAt;
    private readonly RoomOracle _room;
    private long _lettersSeen;
    private long _commands;

    public JobOracle(JobSpec spec, JobBuild build, JobInputs inputs, EventCounts counts)
    {
        (Spec, _build, Counts) = (spec, build, counts);
        _reference = new(spec, inputs, counts);
        _sinks = [.. _reference.Ops.OfType<RefSink>().Select(sink => (sink, build.Job.Sinks.First(node => node.Name == sink.Name)))];
        _room = new(spec, _reference, counts);
        HandedOn = new(_reference, _room, _sinks, counts);
        _lateAt = [.. _reference.Ops.Where(static op => op.Spec.Kind is OpKind.Window or OpKind.Join)];
        foreach (var op in spec.Ops)
            CountDrawn(op);
        CountCombined();
    }

    public JobSpec Spec { get; }

    public EventCounts Counts { get; }

    /// <summary>What the log says of outputs that leave the cluster, and of dead letters.</summary>
    public HandedOnOracle HandedOn { get; }

    /// <summary>Where the log stands in a partition; null: it is not known yet.</summary>
    public RefPartition? Partition(int source, int partition) => _reference.Partitions.GetValueOrDefault((source, partition));

    /// <summary>Whether the watermarks of a job in which nothing is set to go off are where they must be at last.</summary>
    public bool IsSettled(JobInstance instance)
    {
        instance.Context.Clock.Load();
        return Enumerable.Range(0, instance.Job.Domains.Count).All(domain => _reference.WatermarkOf(instance.Job.Domains[domain]) is not { } expected || instance.Context.Clock.WatermarkOf(domain) == expected);
    }

    /// <summary>A command was applied for the first time.</summary>
    public void OnApplied(StreamMachine machine, in Command command)
    {
        var reader = new MessagePackReader(command.Payload.Span);
        if (!reader.TryReadArrayHeader(out _) || !reader.TryReadUInt64(out var opcode) || opcode is < (ulong)JobOpcode.Register or > (ulong)JobOpcode.Resent
            || !reader.TryReadString(1024, out _) || !reader.TryReadUInt64(out _))
            return;
        _reference.Begin(command.Time);
        HandedOn.Begin(command);
        var instance = machine.Jobs.Find(_build.Job.Name)!;
        Invariant.Check(TryFollow((JobOpcode)opcode, ref reader, instance, command), "the model's own commands can be read");
        Compare(instance);
        if (IsOfHandingOn((JobOpcode)opcode))
            HandedOn.Compare(instance);
        if (++_commands % TablesEvery == 0 && !Spec.IsSlow)
            CompareTables(instance);
    }

    /// <summary>At the end, when nothing is due: everything that the job has, on one replica.</summary>
    public void CheckEnd(StreamMachine machine)
    {
        if (machine.Jobs.Find(_build.Job.Name) is not { } instance)
            return;
        foreach (var (sink, node) in _sinks)
            CompareSink(instance, sink, node, 0, isEnd: true);
        CompareLetters(instance, Math.Max(0, instance.Context.Letters.Total - JobLetters.Most), isEnd: true);
        CompareRest(instance, isEnd: true);
        CompareTables(instance);
        HandedOn.Compare(instance);
    }

    private static bool IsOfHandingOn(JobOpcode opcode) => opcode is JobOpcode.Acknowledge or JobOpcode.Refuse or JobOpcode.Resent or JobOpcode.Replay or JobOpcode.Discard;

    private bool TryFollow(JobOpcode opcode, ref MessagePackReader reader, JobInstance instance, in Command command)
    {
        switch (opcode)
        {
            case JobOpcode.Register:
                if (!reader.TryReadInt64(out var source) || !reader.TryReadArrayHeader(out _) || !reader.TryReadString(1024, out var name))
                    return false;
                if (!_room.Declines(instance, instance.Context.Partitions.Find((int)source, name) is not null))
                    _reference.Register((int)source, NumberOf(name));
                return true;
            case JobOpcode.Open:
                if (!reader.TryReadInt64(out source) || !reader.TryReadString(1024, out name))
                    return false;
                var epoch = Partition((int)source, NumberOf(name))?.Epoch + 1;
                if (!_room.Declines(instance, instance.Context.Partitions.Find((int)source, name)?.Epoch == epoch))
                    _reference.Open((int)source, NumberOf(name));
                return true;
            case JobOpcode.Advance:
                if (!AdvanceHead.TryRead(ref reader, out var head))
                    return false;
                OnAdvance(instance, head);
                return true;
            case { } when IsOfHandingOn(opcode):
                return HandedOn.TryFollow(opcode, ref reader, command, instance);
            default:
                _reference.Fire();
                return true;
        }
    }

    private static int NumberOf(string partition) => partition[1] - '0';

    private void OnAdvance(JobInstance instance, in AdvanceHead head)
    {
        var (source, partition, from, to) = (head.Source, NumberOf(head.Partition), JobInputs.NumberOf(head.From), JobInputs.NumberOf(head.To));
        var isEnd = head.Watermark == long.MaxValue;
        var stands = instance.Context.Partitions.Find(source, head.Partition);
        if (!_reference.Fits(source, partition, head.Epoch, from))
            return;

        if (_room.IsSinkFull(HandedOn))
            return;

        // Only a job that is behind, or full, may decline what fits.
        var isTaken = stands is not null && JobInputs.NumberOf(stands.Position) == to && (to > from || !isEnd || stands.Watermark == long.MaxValue);
        if (Spec.IsTight)
            _room.Advance(instance, isTaken, () => _reference.Advance(source, partition, to, isEnd));
        else if (isTaken || !Spec.IsSlow)
            _reference.Advance(source, partition, to, isEnd);
    }

    private void Compare(JobInstance instance)
    {
        foreach (var (sink, node) in _sinks)
            _seen[sink.Place] = CompareSink(instance, sink, node, _seen.GetValueOrDefault(sink.Place), isEnd: false);
        foreach (var sink in HandedOn.Sinks)
            sink.Made = _seen[sink.Sink.Place];
        HandedOn.Letters = _lettersSeen = CompareLetters(instance, _lettersSeen, isEnd: false);
        CompareRest(instance, isEnd: false);
    }

    private long CompareSink(JobInstance instance, RefSink sink, SinkNode node, long seen, bool isEnd)
    {
        var outputs = instance.Context.Outputs;
        var made = outputs.NextOf(node) - 1;
        var expected = sink.Outputs;
        var waitsFrom = HandedOn.Sinks.FirstOrDefault(handedOn => handedOn.Node == node)?.First;
        ViolationException.Require(
            (node.Keep is null) == (waitsFrom is not null) && (waitsFrom is null || outputs.FirstOf(node) == waitsFrom), Equal, $"Outputs of sink {sink.Name} wait from {outputs.FirstOf(node)} on and must from {waitsFrom} on.");
        var isEqual = made == expected.Count || (Spec.IsSlow && !isEnd && made < expected.Count);
        for (var number = Math.Max(seen, outputs.FirstOf(node) - 1); number < Math.Min(made, expected.Count); number++)
        {
            ViolationException.Require(outputs.TryGet(node, number + 1, out var time, out var payload), Equal, $"Output {number + 1} of sink {sink.Name} is not there.");
            var text = System.Text.Encoding.UTF8.GetString(payload);
            ViolationException.Require(
                time == expected[(int)number].Time && text == expected[(int)number].Text, Equal, $"Output {number + 1} of sink {sink.Name} is {text} at {time} and must be {expected[(int)number].Text} at {expected[(int)number].Time}.");
        }

        ViolationException.Require(
            isEqual, Equal, $"Sink {sink.Name} was given {made} outputs and must have {expected.Count}; the next is {(made < expected.Count ? expected[(int)made].ToString() : Last(instance, node, expected.Count + 1))}.");
        return made;
    }

    private static string Last(JobInstance instance, SinkNode node, long sequence) =>
        instance.Context.Outputs.TryGet(node, sequence, out var time, out var payload) ? $"{System.Text.Encoding.UTF8.GetString(payload)} at {time}" : "gone";

    private long CompareLetters(JobInstance instance, long seen, bool isEnd)
    {
        var (total, expected) = (instance.Context.Letters.Total, _reference.Letters);
        ViolationException.Require(total == expected.Count || (Spec.IsSlow && !isEnd && total < expected.Count), Equal, $"{total} records were set aside and {expected.Count} must be.");
        for (var number = seen; number < total; number++)
        {
            if (isEnd && !HandedOn.IsThere(number + 1))
                continue;
            var letter = instance.Context.Letters.Find(number + 1);
            var found = letter is null ? null : new RefLetter(letter.Source, letter.Partition, letter.Reason, letter.Output);
            ViolationException.Require(found == expected[(int)number], Equal, $"Dead letter {number + 1} is {found} and must be {expected[(int)number]}.");
        }

        return total;
    }

    private void CompareRest(JobInstance instance, bool isEnd)
    {
        foreach (var op in _lateAt)
        {
            var late = instance.Context.Sums.LateAt(instance.Job.Nodes.First(node => node.Name == op.Name));
            ViolationException.Require(late == op.Late || (Spec.IsSlow && !isEnd && late < op.Late), Equal, $"{late} records came too late for {op.Name} and {op.Late} did.");
        }

        var partitions = instance.Context.Partitions.ToList();
        ViolationException.Require(partitions.Count == _reference.Partitions.Count, Equal, $"{partitions.Count} partitions are known and {_reference.Partitions.Count} must be.");
        foreach (var (source, name, partition) in partitions)
        {
            var expected = _reference.Partitions[(source, NumberOf(name))];
            ViolationException.Require(
                partition.Epoch == expected.Epoch && JobInputs.NumberOf(partition.Position) == expected.Position && partition.Watermark == expected.Watermark && partition.IsIdle == expected.IsIdle,
                Equal,
                $"Partition {name} of source {source} stands at {partition} and must at {expected}.");
        }

        if (Spec.IsSlow && !isEnd)
            return;
        instance.Context.Clock.Load();
        for (var domain = 0; domain < instance.Job.Domains.Count; domain++)
        {
            var (found, expected) = (instance.Context.Clock.WatermarkOf(domain), _reference.WatermarkOf(instance.Job.Domains[domain]));
            ViolationException.Require(expected is null || found == expected, Equal, $"The watermark of sources {string.Join(',', instance.Job.Domains[domain])} is {found} and must be {expected}.");
        }
    }

    private void CompareTables(JobInstance instance)
    {
        foreach (var (place, table) in _build.Tables)
        {
            var expected = _reference.Ops[place].Rows()!.Order(StringComparer.Ordinal).ToList();
            var found = RowsOf(instance, table).Order(StringComparer.Ordinal).ToList();
            var differs = Enumerable.Range(0, Math.Max(found.Count, expected.Count)).FirstOrDefault(row => row >= found.Count || row >= expected.Count || found[row] != expected[row], -1);
            ViolationException.Require(
                differs < 0, Equal, $"Table {JobSpec.NameOf(place)} has {found.Count} rows and must have {expected.Count}; the first that differs is {found.ElementAtOrDefault(differs)} and must be {expected.ElementAtOrDefault(differs)}.");
        }
    }

    private static List<string> RowsOf(JobInstance instance, BuiltTable table)
    {
        var rows = new List<string>();
        var place = new KeyBuffer();
        table.Info.WritePrefix(place);
        var from = place.Span.ToArray();
        while (instance.Tree.TryCeiling(from, out var found, out var stored) && found.StartsWith(place.Span))
        {
            rows.Add(table.Show(found[place.Length..], stored));
            from = [.. found, 0];
        }

        return rows;
    }

    private void CountCombined()
    {
        var combined = Spec.Ops.Where(static op => op.IsCombined).ToList();
        if (combined.Count > 1)
            Counts.Add(combined.DistinctBy(static op => op.Inputs[0]).Skip(1).Any() ? "job combined on several paths" : "job combined several times on one path");
    }

    private void CountDrawn(OpSpec op)
    {
        if (op.Window is { } plan)
        {
            Counts.Add($"job windows {plan.Kind}");
            var parts = new[] { (plan.OnClose, "close"), (plan.OnUpdate, "update"), (plan.Count > 0, "count"), (plan.Every > 0, "log time"), (plan.IsPurging, "purging") };
            foreach (var (isDrawn, trigger) in parts)
                Counts.Add($"job trigger {trigger}", isDrawn ? 1 : 0);
            if (parts.Take(4).Count(static part => part.Item1) > 1)
                Counts.Add("job triggers combined");
        }

        if (op.Kind is OpKind.Window or OpKind.Aggregate)
            Counts.Add($"job aggregation {op.Aggregate}{(op.IsCombined ? " combined" : "")}");
        if (op.Kind == OpKind.Join)
            Counts.Add($"job join {op.Join}");
        if (op.Kind == OpKind.Source)
            Counts.Add($"job source {op.Time}");
        if (op.Kind is >= OpKind.Aggregate and not OpKind.Sink and not OpKind.Top)
            Counts.Add($"job key {op.Key}");
    }
}
