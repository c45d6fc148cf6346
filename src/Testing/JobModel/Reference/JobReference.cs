namespace RaftStream.Testing;

/// <summary>
/// What a drawn topology means: evaluated by one thread over the batches that the log took in and the records of the sources, with nothing that the job computed.
/// </summary>
/// <remarks>
/// Each record goes through the operators one after the other, in the order of their declaration; watermarks are those of the partitions as they were read up to the end of a batch. A
/// batch that the log declined changes nothing. What goes off by itself does so at the start and at the end of a command: first what is due by log time, then what is due by the watermarks.
/// </remarks>
internal sealed class JobReference
{
    private readonly IJobInputs _inputs;
    private readonly UndoMap<(int Source, int Partition), RefPartition> _partitions;
    private readonly UndoMap<int, long> _watermarks;
    private readonly UndoMap<int, long> _lastWatermarks;
    private readonly UndoList<RefLetter> _letters;
    private readonly Dictionary<RefLetter, (int Source, int Partition, RefCrossing Crossing)> _cameBy = new(ReferenceEqualityComparer.Instance);
    private readonly List<int> _domains;
    private readonly UndoSet<RefTimer>[] _timers;
    private readonly List<RefCrossing> _batch = [];
    private readonly RefCombined _combined;
    private (int Domain, int Op, long Time)? _firing;
    private (RefOp Op, List<RefCrossing> Taken)? _reading;

    public JobReference(JobSpec spec, IJobInputs inputs, EventCounts counts)
    {
        (Spec, _inputs, Counts, _combined) = (spec, inputs, counts, new(counts));
        (_partitions, _watermarks, _lastWatermarks, _letters, LogTimers) = (new(Undo), new(Undo), new(Undo), new(Undo), new(Undo));
        for (var place = 0; place < spec.Ops.Count; place++)
            Ops.Add(Make(place, spec.Ops[place]));
        for (var place = 0; place < spec.Ops.Count; place++)
            Connect(Ops[place]);

        // A set of sources stands before those that it is part of.
        _domains = [.. Ops.Where(static op => op.RunsInApply).Select(static op => op.Sources).Distinct()
            .OrderBy(static set => int.PopCount(set)).ThenBy(static set => string.Join(',', Enumerable.Range(0, 8).Where(source => (set & (1 << source)) != 0)), StringComparer.Ordinal)];
        _timers = [.. _domains.Select(_ => new UndoSet<RefTimer>(Undo))];
    }

    public JobSpec Spec { get; }

    public EventCounts Counts { get; }

    public Undo Undo { get; } = new();

    public List<RefOp> Ops { get; } = [];

    public UndoSet<RefTimer> LogTimers { get; }

    /// <summary>The log time of the command at hand in nanoseconds.</summary>
    public long LogTime { get; private set; }

    public IReadOnlyList<RefLetter> Letters => _letters.Items;

    public IReadOnlyDictionary<(int Source, int Partition), RefPartition> Partitions => _partitions.Items;

    /// <summary>How far event time has come for a set of sources; null where no operator depends on just these.</summary>
    public long? WatermarkOf(IEnumerable<int> sources) => _domains.IndexOf(sources.Aggregate(0, static (set, source) => set | (1 << source))) is var domain && domain >= 0 ? Standing(domain) : null;

    /// <summary>Begins a command.</summary>
    public void Begin(long logTime)
    {
        Undo.Forget();
        LogTime = logTime;
    }

    /// <summary>Makes partitions known.</summary>
    public void Register(int source, int partition)
    {
        if (!_partitions.Has((source, partition)))
            _partitions.Set((source, partition), new(0, 0, long.MinValue, null, false, LogTime));
        Fire();
    }

    /// <summary>A reader begins to read a partition that is known.</summary>
    public void Open(int source, int partition)
    {
        if (_partitions.Get((source, partition)) is not { } before)
            return;
        _partitions.Set((source, partition), before with { Epoch = before.Epoch + 1 });
        Fire();
    }

    /// <summary>Whether a batch goes on where its partition stands and comes of its newest reader.</summary>
    public bool Fits(int source, int partition, long epoch, int from) => _partitions.Get((source, partition)) is { } known && known.Epoch == epoch && epoch > 0 && known.Position == from;

    /// <summary>A batch was taken in.</summary>
    public void Advance(int source, int partition, int to, bool isEnd)
    {
        Fire();
        var before = _partitions.Get((source, partition))!;
        var after = before;
        List<RefLetter> letters = [];
        for (var number = before.Position; number < to; number++)
            after = Read(source, partition, number, after, letters);
        _batch.AddRange(_combined.Flush(SourceOp(source)));
        foreach (var crossing in _batch)
            Enter(source, partition, crossing);
        _batch.Clear();
        foreach (var letter in letters)
            _letters.Add(letter);
        if (before.IsIdle)
            Counts.Add("job idle partition came back");
        _partitions.Set((source, partition), after with { Position = to, Watermark = isEnd ? long.MaxValue : after.Watermark, IsIdle = false, LastLogTime = LogTime });
        if (isEnd && before.Watermark < long.MaxValue)
            Counts.Add("job source partition ended");
        Fire();
    }

    /// <summary>Whether what was set aside came as far as the log, and can go in again.</summary>
    /// <param name="letter">Its place among <see cref="Letters"/>.</param>
    public bool CanReplay(int letter) => _cameBy.ContainsKey(_letters.Items[letter]);

    /// <summary>A record that was set aside goes in again by the way that it came.</summary>
    /// <inheritdoc cref="CanReplay"/>
    public void Replay(int letter)
    {
        Fire();
        var (source, partition, crossing) = _cameBy[_letters.Items[letter]];
        Enter(source, partition, crossing);
        Fire();
    }

    /// <summary>Sets an output aside: in front of what a job that is behind has not set aside yet.</summary>
    public void SetAside(int place, RefLetter letter) => _letters.Insert(place, letter);

    /// <summary>What is due goes off.</summary>
    public void Fire()
    {
        while (LogTimers.Min is { } due && due.Time <= LogTime)
        {
            LogTimers.Remove(due);
            Fire(due);
        }

        LetRest();
        for (var domain = 0; domain < _domains.Count; domain++)
        {
            var target = Math.Max(Standing(domain), Target(_domains[domain]));
            if (target == long.MaxValue)
                KeepLast(domain);
            while (_timers[domain].Min is { } due && due.Time <= target)
            {
                _timers[domain].Remove(due);
                if (_firing is not { } firing || (due.Time, due.Op).CompareTo((firing.Time, firing.Op)) > 0)
                    _firing = (domain, due.Op, due.Time);
                Fire(due);
            }

            _firing = null;

            if (Standing(domain) != target)
                _watermarks.Set(domain, target);
        }
    }

    /// <summary>The watermark as an operator sees it: while something goes off at t, it and those before it have seen t, and those behind have not. It never goes back, also where something was set for a time before t.</summary>
    public long WatermarkOf(RefOp op)
    {
        var domain = _domains.IndexOf(op.Sources);
        var standing = Standing(domain);
        return _firing is { } firing && firing.Domain == domain ? Math.Max(standing, op.Place <= firing.Op ? firing.Time : firing.Time - 1) : standing;
    }

    /// <summary>The watermark before the end of all sources.</summary>
    public long LastWatermarkOf(RefOp op) => _lastWatermarks.Has(op.Place) ? _lastWatermarks.Get(op.Place) : WatermarkOf(op);

    public void SetTimer(RefOp op, RefTimer timer) => _timers[_domains.IndexOf(op.Sources)].Add(timer);

    public void CancelTimer(RefOp op, RefTimer timer) => _timers[_domains.IndexOf(op.Sources)].Remove(timer);

    /// <summary>A record goes from one operator to the next, or into the log.</summary>
    public void Pass(RefOp from, RefOp into, int input, ModelRecord record, long time)
    {
        Counts.Add($"job operator {into.Spec.Kind}");
        if (from.RunsInApply || !into.RunsInApply)
            into.Receive(input, record, time);
        else
            _reading!.Value.Taken.Add(new(into, input, into.Spec.IsCombined ? into.KeyOf(input, record, time) : default, [record], time));
    }

    private void KeepLast(int domain)
    {
        foreach (var op in Ops.Where(op => op.Sources == _domains[domain] && !_lastWatermarks.Has(op.Place)))
            _lastWatermarks.Set(op.Place, WatermarkOf(op));
    }

    private long Standing(int domain) => _watermarks.Has(domain) ? _watermarks.Get(domain) : long.MinValue;

    private RefOp Make(int place, OpSpec spec) => spec.Kind switch
    {
        OpKind.Aggregate => new RefAggregate(this, place, spec),
        OpKind.Window => new RefWindow(this, place, spec),
        OpKind.Top => new RefTop(this, place, spec),
        OpKind.Distinct or OpKind.Deduplicate => new RefOnce(this, place, spec),
        OpKind.RangeSum => new RefRangeSum(this, place, spec),
        OpKind.Process => new RefProcess(this, place, spec),
        OpKind.Hoard => new RefHoard(this, place, spec),
        OpKind.Join => new RefJoin(this, place, spec),
        OpKind.TableJoin => new RefTableJoin(this, place, spec),
        OpKind.Sink => new RefSink(this, place, spec),
        _ => new RefStateless(this, place, spec),
    };

    private void Connect(RefOp op)
    {
        if (op.Spec.Kind == OpKind.Source)
            op.Sources = 1 << Ops.Take(op.Place).Count(static other => other.Spec.Kind == OpKind.Source);
        op.RunsInApply = op.Spec.IsStateful;
        for (var input = 0; input < op.Spec.Inputs.Count; input++)
        {
            var from = Ops[op.Spec.Inputs[input].Op];
            from.Consumers[op.Spec.Inputs[input].Output].Add((op, input));
            op.Sources |= from.Sources;
            op.RunsInApply |= from.RunsInApply;
        }

        if (op is RefTop top)
            ((RefAggregate)Ops[op.Spec.Table]).Tops.Add(top);
        if (op is RefTableJoin)
            op.Sources |= Ops[op.Spec.Table].Sources;
    }

    /// <summary>A record of the source goes through what stands in front of the log: all that comes of it goes into the batch, or it is set aside.</summary>
    private RefPartition Read(int source, int partition, int number, RefPartition before, List<RefLetter> letters)
    {
        var raw = _inputs.Record(source, partition, number);
        var name = SourceName(source);
        if (raw.Problem is not null)
        {
            letters.Add(new(name, JobSpec.PartitionName(partition), raw.Problem));
            Counts.Add("job bytes that are no record");
            return before;
        }

        var spec = Spec.Sources[source];
        var isEvent = spec.Time is TimeKind.Event or TimeKind.EventIdle;
        var time = isEvent ? raw.Value.Time : Math.Max(_inputs.ReadAt(source, partition, number), before.Latest ?? long.MinValue);
        List<RefCrossing> taken = [];
        _reading = (SourceOp(source), taken);
        try
        {
            SourceOp(source).Receive(0, raw.Value, time);
        }
        catch (PoisonRecordException poison)
        {
            letters.Add(new(name, JobSpec.PartitionName(partition), poison.Message));
            Counts.Add("job poison at the reader");
            return before;
        }
        finally
        {
            _reading = null;
        }

        foreach (var crossing in taken)
        {
            if (crossing.Op.Spec.IsCombined)
                _combined.Take(crossing);
            else
                _batch.Add(crossing);
        }

        var latest = Math.Max(before.Latest ?? long.MinValue, time);
        return before with { Latest = latest, Watermark = Math.Max(before.Watermark, latest - spec.OutOfOrderness - 1) };
    }

    private void Enter(int source, int partition, RefCrossing crossing)
    {
        var mark = Undo.Mark;
        try
        {
            if (crossing.Op.Spec.IsCombined)
                crossing.Op.ReceivePartial(crossing.Key, crossing.Records, crossing.Time);
            else
                crossing.Op.Receive(crossing.Input, crossing.Records[0], crossing.Time);
        }
        catch (PoisonRecordException poison)
        {
            Undo.RollbackTo(mark);
            var letter = new RefLetter(SourceName(source), JobSpec.PartitionName(partition), poison.Message);
            _cameBy.Add(letter, (source, partition, crossing));
            _letters.Add(letter);
            Counts.Add("job poison behind the log");
        }
    }

    private void Fire(RefTimer timer)
    {
        var mark = Undo.Mark;
        try
        {
            Ops[timer.Op].OnTimer(timer);
        }
        catch (PoisonRecordException poison)
        {
            Undo.RollbackTo(mark);
            _letters.Add(new("", Ops[timer.Op].Name, poison.Message));
            Counts.Add("job poison of a timer");
        }
    }

    /// <summary>A partition that gave nothing for long holds back no watermark.</summary>
    private void LetRest()
    {
        foreach (var (key, partition) in _partitions.Items.ToList())
        {
            var idleAfter = Spec.Sources[key.Source].IdleAfter * 1_000_000;
            if (idleAfter == 0 || partition.IsIdle || partition.Watermark == long.MaxValue || partition.LastLogTime + idleAfter > LogTime)
                continue;
            _partitions.Set(key, partition with { IsIdle = true });
            Counts.Add("job partition idle");
        }
    }

    /// <summary>The least watermark of what is not idle; a source without any partition holds everything back.</summary>
    private long Target(int sources)
    {
        long? least = null;
        for (var source = 0; source < Spec.Sources.Count; source++)
        {
            if ((sources & (1 << source)) == 0)
                continue;
            var own = _partitions.Items.Where(item => item.Key.Source == source).Select(static item => item.Value).ToList();
            if (own.Count == 0)
                return long.MinValue;
            foreach (var partition in own.Where(static partition => !partition.IsIdle))
                least = Math.Min(least ?? long.MaxValue, partition.Watermark);
        }

        return least ?? long.MinValue;
    }

    private RefOp SourceOp(int source) => Ops.Where(static op => op.Spec.Kind == OpKind.Source).ElementAt(source);

    private string SourceName(int source) => SourceOp(source).Name;
}
