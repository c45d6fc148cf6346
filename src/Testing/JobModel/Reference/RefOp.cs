namespace RaftStream.Testing;

/// <summary>An operator of the reference: plain dictionaries and lists, and what its documentation says of it.</summary>
internal abstract class RefOp(JobReference job, int place, OpSpec spec)
{
    private readonly UndoMap<int, int> _turns = new(job.Undo);

    /// <summary>What takes its records, by output, in the order of declaration.</summary>
    public List<(RefOp Op, int Input)>[] Consumers { get; } = [[], []];

    public int Place => place;

    public OpSpec Spec => spec;

    public string Name => JobSpec.NameOf(place);

    /// <summary>Whether it runs behind the log.</summary>
    public bool RunsInApply { get; set; }

    /// <summary>The sources that its records come from, as a set of bits.</summary>
    public int Sources { get; set; }

    public long Late { get; private set; }

    protected JobReference Job => job;

    protected long Watermark => job.WatermarkOf(this);

    /// <summary>The same, but that once all sources have ended it stays where it was before.</summary>
    protected long LastWatermark => job.LastWatermarkOf(this);

    public abstract void Receive(int input, ModelRecord record, long time);

    /// <summary>Several records of a batch and of one key at once; only what can be combined takes them.</summary>
    public virtual void ReceivePartial(RefKey key, IReadOnlyList<ModelRecord> records, long time) => throw new InvalidOperationException($"{Name} takes no partial aggregates.");

    public virtual void OnTimer(RefTimer timer) => throw new InvalidOperationException($"{Name} sets no timers.");

    /// <summary>Its table's rows as text, in any order; null where it has none that can be compared.</summary>
    public virtual IEnumerable<string>? Rows() => null;

    /// <summary>The key of a record.</summary>
    public RefKey KeyOf(int input, ModelRecord record, long time)
    {
        switch (spec.Key)
        {
            case KeyKind.ByText:
                return new(ModelFunctions.TextKey(spec.Salt, record), 0);
            case KeyKind.Hash:
                return new(null, (int)(KeyHash.Of(record.Key) % ModelFunctions.HashPartitions));
            case KeyKind.Range:
                return new(null, record.Number < ModelFunctions.RangeBound ? 0 : record.Number < 2 * ModelFunctions.RangeBound ? 1 : 2);
            case KeyKind.Time:
                return new(null, (int)(((Floor(time, 3 * job.Spec.Unit) % ModelFunctions.TimePartitions) + ModelFunctions.TimePartitions) % ModelFunctions.TimePartitions));
            default:
                var turn = _turns.Get(input);
                _turns.Set(input, (turn + 1) % ModelFunctions.TurnPartitions);
                return new(null, turn);
        }
    }

    protected static long Floor(long value, long size) => (long)Math.Floor((decimal)value / size);

    protected void Emit(int output, ModelRecord record, long time)
    {
        foreach (var (op, input) in Consumers[output])
            job.Pass(this, op, input, record, time);
    }

    protected void CountLate()
    {
        Late++;
        job.Undo.Add(() => Late--);
        job.Counts.Add($"job late record at a {(spec.Kind == OpKind.Join ? "join" : "window")}");
    }
}

/// <summary>Sources, and the operators that keep nothing.</summary>
internal sealed class RefStateless(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    public override void Receive(int input, ModelRecord record, long time)
    {
        switch (Spec.Kind)
        {
            case OpKind.Filter when !ModelFunctions.Keep(Spec.Salt, record):
                break;
            case OpKind.Map:
                Emit(0, ModelFunctions.Map(Spec.Salt, record), time);
                break;
            case OpKind.Poison:
                Emit(0, ModelFunctions.Poison(Spec.Salt, record), time);
                break;
            case OpKind.FlatMap:
                foreach (var one in ModelFunctions.FlatMap(Spec.Salt, record))
                    Emit(0, one, time);
                break;
            case OpKind.Split:
                Emit(ModelFunctions.IsFirstBranch(Spec.Salt, record) ? 0 : 1, record, time);
                break;
            default:
                Emit(0, record, time);
                break;
        }
    }
}

/// <summary>A sink: everything that it ever was given.</summary>
internal sealed class RefSink(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private readonly UndoList<(long Time, string Text)> _outputs = new(job.Undo);

    public IReadOnlyList<(long Time, string Text)> Outputs => _outputs.Items;

    public override void Receive(int input, ModelRecord record, long time) => _outputs.Add((time, record.ToString()));
}
