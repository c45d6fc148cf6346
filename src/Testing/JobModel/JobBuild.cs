namespace RaftStream.Testing;

/// <summary>Makes the job of a drawn topology, through what a user has.</summary>
internal sealed class JobBuild
{
    private readonly JobSpec _spec;
    private readonly Dictionary<StreamRef, Stream<ModelRecord>> _streams = [];
    private readonly Dictionary<int, BuiltTable> _tables = [];

    /// <summary>Declares the operators in their order, and behind them whatever the caller has beside them.</summary>
    /// <param name="spec">The topology.</param>
    /// <param name="more">Declares more, over the streams of operators, which it is given by their places.</param>
    public JobBuild(JobSpec spec, Action<Func<int, Stream<ModelRecord>>>? more = null)
    {
        _spec = spec;
        var builder = new StreamBuilder(spec.Name, new() { MaxWaitingOutputs = spec.MaxWaiting, MaxTimersPerCommand = spec.MaxTimers, MaxStateBytes = spec.IsTight ? spec.MaxState : 1L << 30 });
        for (var op = 0; op < spec.Ops.Count; op++)
            Declare(builder, op, spec.Ops[op]);
        more?.Invoke(place => _streams[new(place, 0)]);
        Job = builder.Build();
    }

    public Job Job { get; }

    /// <summary>The tables, by operator.</summary>
    public IReadOnlyDictionary<int, BuiltTable> Tables => _tables;

    /// <summary>The zone of windows by a zone's clocks: an hour before UTC, two in summer, with the rules of Central Europe and of no machine.</summary>
    public static TimeZoneInfo Zone { get; } = MakeZone();

    public static WindowAssigner Assigner(WindowPlan plan) => plan.Kind switch
    {
        WindowKind.Tumbling => Window.Tumbling(Ms(plan.Size), Ms(plan.Offset)),
        WindowKind.Zoned => Window.Tumbling(Ms(plan.Size), Zone),
        WindowKind.Hopping => Window.Hopping(Ms(plan.Size), Ms(plan.Slide), Ms(plan.Offset)),
        WindowKind.Sliding => Window.Sliding(Ms(plan.Size)),
        WindowKind.Session => Window.Session(Ms(plan.Size)),
        _ => Window.Global,
    };

    private static TimeSpan Ms(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static TimeZoneInfo MakeZone()
    {
        var summer = TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday);
        var winter = TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new(1, 1, 1, 3, 0, 0), 10, 5, DayOfWeek.Sunday);
        var rule = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(DateTime.MinValue.Date, DateTime.MaxValue.Date, TimeSpan.FromHours(1), summer, winter);
        return TimeZoneInfo.CreateCustomTimeZone("model", TimeSpan.FromHours(1), "model", "model", "model summer", [rule]);
    }

    private void Declare(StreamBuilder builder, int place, OpSpec op)
    {
        var name = JobSpec.NameOf(place);
        if (op.Kind == OpKind.Source)
        {
            _streams[new(place, 0)] = builder.Ingest(name, ModelRecord.Parse, Time(op), ModelCodec.Instance);
            return;
        }

        var input = _streams[op.Inputs[0]];
        switch (op.Kind)
        {
            case OpKind.Filter:
                Give(place, input.Filter(record => ModelFunctions.Keep(op.Salt, record), name));
                break;
            case OpKind.Map:
                Give(place, input.Map(record => ModelFunctions.Map(op.Salt, record), name));
                break;
            case OpKind.Poison:
                Give(place, input.Map(record => ModelFunctions.Poison(op.Salt, record), name));
                break;
            case OpKind.FlatMap:
                Give(place, input.FlatMap(record => ModelFunctions.FlatMap(op.Salt, record), name));
                break;
            case OpKind.Peek:
                Give(place, input.Peek(static _ => { }, name));
                break;
            case OpKind.Split:
                var branches = input.Split(record => ModelFunctions.IsFirstBranch(op.Salt, record));
                Give(place, branches[0]);
                _streams[new(place, 1)] = branches[1];
                break;
            case OpKind.Merge:
                Give(place, input.Merge([.. op.Inputs.Skip(1).Select(other => _streams[other])]));
                break;
            case OpKind.Top:
                var (table, changes) = _tables[op.Table].Top(name);
                _tables[place] = table;
                Give(place, changes);
                break;
            case OpKind.Sink when op.IsHandedOn:
                input.ToConsole(name, static record => record.ToString());
                break;
            case OpKind.Sink when op.Files is { } files:
                input.ToFile(name, record => ModelFunctions.Line(op.Padding, record), files);
                break;
            case OpKind.Sink:
                input.ToSubscription(name, _spec.Keep, static record => record.ToString());
                break;
            default:
                DeclareKeyed(place, op, input);
                break;
        }
    }

    private static EventTime<ModelRecord> Time(OpSpec op)
    {
        var time = op.Time is TimeKind.Event or TimeKind.EventIdle ? EventTime.Of<ModelRecord>(static record => record.Time, Ms(op.OutOfOrderness)) : EventTime.Ingestion<ModelRecord>();
        return op.IdleAfter > 0 ? time.IdlePartitionsAfter(Ms(op.IdleAfter)) : time;
    }

    private void Give(int place, Stream<ModelRecord> stream) => _streams[new(place, 0)] = stream.WithCodec(ModelCodec.Instance);

    private void DeclareKeyed(int place, OpSpec op, Stream<ModelRecord> input)
    {
        if (op.Key == KeyKind.ByText)
        {
            KeyedStream<string, ModelRecord> Keyed(Stream<ModelRecord> stream) => stream.KeyBy(record => ModelFunctions.TextKey(op.Salt, record));
            DeclareKeyed(place, op, Keyed(input), Keyed, static key => key, static record => ModelFunctions.LookupText(record));
        }
        else
        {
            KeyedStream<int, ModelRecord> Keyed(Stream<ModelRecord> stream) => stream.PartitionBy(PartitioningOf(op));
            DeclareKeyed(place, op, Keyed(input), Keyed, static key => ModelFunctions.Show(key), static record => ModelFunctions.LookupNumber(record));
        }
    }

    private Partitioning<ModelRecord> PartitioningOf(OpSpec op) => op.Key switch
    {
        KeyKind.Hash => Partitioning.Hash<ModelRecord>(ModelFunctions.HashPartitions, static record => record.Key),
        KeyKind.Range => Partitioning.Range<ModelRecord>(static record => record.Number, ModelFunctions.RangeBound, 2 * ModelFunctions.RangeBound),
        KeyKind.Time => Partitioning.Time<ModelRecord>(ModelFunctions.TimePartitions, Ms(_spec.Unit * 3)),
        _ => Partitioning.RoundRobin<ModelRecord>(ModelFunctions.TurnPartitions),
    };

    private void DeclareKeyed<TKey>(int place, OpSpec op, KeyedStream<TKey, ModelRecord> keyed, Func<Stream<ModelRecord>, KeyedStream<TKey, ModelRecord>> key, Func<TKey, string> show, Func<ModelRecord, TKey> lookup)
    {
        var name = JobSpec.NameOf(place);
        switch (op.Kind)
        {
            case OpKind.Distinct:
                Give(place, Values(keyed.Distinct(name)));
                break;
            case OpKind.Deduplicate:
                Give(place, Values(keyed.Deduplicate(Ms(op.Before), name)));
                break;
            case OpKind.RangeSum:
                Give(place, keyed.RangeSum(name, ModelFunctions.Places, ModelFunctions.Place, static record => record.Number).ToStream().Map(sum => ModelFunctions.OfResult(show(sum.Key), sum.Value, 0)));
                break;
            case OpKind.Process:
                Give(place, Values(keyed.Process(name, () => new ModelProcessFunction<TKey>(op), ModelCodec.Instance)));
                break;
            case OpKind.Hoard:
                Give(place, Values(keyed.Process(name, () => new ModelHoard<TKey>(op), ModelCodec.Instance)));
                break;
            case OpKind.Join:
                var joined = keyed.JoinWindow(
                    name,
                    key(_streams[op.Inputs[1]]),
                    Ms(op.Before),
                    Ms(op.After),
                    static (_, left, right) => ModelFunctions.OfJoin(left.Any ? left.Value : null, right.Any ? right.Value : null),
                    op.Join,
                    Ms(op.Lateness),
                    ModelCodec.Instance);
                Give(place, Values(joined));
                break;
            case OpKind.TableJoin:
                Give(place, _tables[op.Table].Join(name, keyed, op.Join == JoinKind.Left));
                break;
            case OpKind.Window:
                DeclareWindow(place, op, op.IsCombined ? keyed.Combined() : keyed, show);
                break;
            default:
                DeclareAggregate(place, op, op.IsCombined ? keyed.Combined() : keyed, show, lookup);
                break;
        }
    }

    private static Stream<ModelRecord> Values<TKey>(KeyedStream<TKey, ModelRecord> keyed) => keyed.ToStream().Map(static item => item.Value);

    private void DeclareAggregate<TKey>(int place, OpSpec op, KeyedStream<TKey, ModelRecord> keyed, Func<TKey, string> show, Func<ModelRecord, TKey> lookup)
    {
        var name = JobSpec.NameOf(place);
        switch (op.Aggregate)
        {
            case AggregateKind.Count:
                Finish(keyed.Count(name), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Sum:
                Finish(keyed.Sum(name, static record => record.Number), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.SumOfDoubles:
                Finish(keyed.Sum(name, static record => record.Number * 0.5), ModelFunctions.Show, ModelFunctions.Whole);
                break;
            case AggregateKind.Min:
                Finish(keyed.Min(name, static record => record.Number), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Max:
                Finish(keyed.Max(name, static record => record.Number), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Average:
                Finish(keyed.Average(name, static record => record.Number), ModelFunctions.Show, ModelFunctions.Whole);
                break;
            case AggregateKind.Reduce:
                Finish(keyed.Reduce(name, ModelFunctions.Reduce), ModelFunctions.Show, static value => value.Number);
                break;
            case AggregateKind.Custom:
                Finish(keyed.Aggregate(name, ModelAggregates.Spread), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Top:
                Finish(keyed.Aggregate(name, ModelAggregates.Top), ModelFunctions.Show, ModelAggregates.Sum);
                break;
            default:
                Finish(keyed.Aggregate(name, ModelAggregates.Distinct), ModelFunctions.Show, static value => value);
                break;
        }

        void Finish<TValue>(Table<TKey, TValue> table, Func<TValue, string> showValue, Func<TValue, long> number)
        {
            _tables[place] = new BuiltTable<TKey, TValue>(table, show, showValue, number, lookup);
            Give(place, table.ToStream().Map(change => ModelFunctions.OfResult(show(change.Key), number(change.Value), 0)));
        }
    }

    private void DeclareWindow<TKey>(int place, OpSpec op, KeyedStream<TKey, ModelRecord> keyed, Func<TKey, string> show)
    {
        var (name, plan) = (JobSpec.NameOf(place), op.Window!);
        var windowed = keyed.Window(Assigner(plan)).AllowedLateness(Ms(plan.Lateness)).Retain(Ms(plan.Retention));
        if (TriggerOf(plan) is { } trigger)
            windowed = windowed.Trigger(trigger);
        if (plan.HasLateOutput)
        {
            windowed = windowed.LateTo(out var late);
            _streams[new(place, 1)] = late.Map(static item => item.Value).WithCodec(ModelCodec.Instance);
        }

        switch (op.Aggregate)
        {
            case AggregateKind.Count:
                Finish(windowed.Count(name), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Sum:
                Finish(windowed.Sum(name, static record => record.Number), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.SumOfDoubles:
                Finish(windowed.Sum(name, static record => record.Number * 0.5), ModelFunctions.Show, ModelFunctions.Whole);
                break;
            case AggregateKind.Min:
                Finish(windowed.Min(name, static record => record.Number), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Max:
                Finish(windowed.Max(name, static record => record.Number), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Average:
                Finish(windowed.Average(name, static record => record.Number), ModelFunctions.Show, ModelFunctions.Whole);
                break;
            case AggregateKind.Reduce:
                Finish(windowed.Reduce(name, ModelFunctions.Reduce), ModelFunctions.Show, static value => value.Number);
                break;
            case AggregateKind.Custom:
                Finish(windowed.Aggregate(name, ModelAggregates.Spread), ModelFunctions.Show, static value => value);
                break;
            case AggregateKind.Top:
                Finish(windowed.Aggregate(name, ModelAggregates.Top), ModelFunctions.Show, ModelAggregates.Sum);
                break;
            default:
                Finish(windowed.Aggregate(name, ModelAggregates.Distinct), ModelFunctions.Show, static value => value);
                break;
        }

        void Finish<TValue>(Table<Windowed<TKey>, TValue> table, Func<TValue, string> showValue, Func<TValue, long> number)
        {
            _tables[place] = new BuiltTable<Windowed<TKey>, TValue>(table, key => $"{show(key.Key)}[{key.Window.Start},{key.Window.End}", showValue, number, null);
            Give(place, table.ToStream().Map(change => ModelFunctions.OfResult(show(change.Key.Key), number(change.Value), change.Key.Window.Start)));
        }
    }

    private static Trigger? TriggerOf(WindowPlan plan)
    {
        List<Trigger> parts = [];
        if (plan.OnClose)
            parts.Add(Trigger.OnClose);
        if (plan.OnUpdate)
            parts.Add(Trigger.OnUpdate);
        if (plan.Count > 0)
            parts.Add(Trigger.Count(plan.Count));
        if (plan.Every > 0)
            parts.Add(Trigger.Every(Ms(plan.Every)));
        if (parts.Count == 0)
            return null;
        var all = parts.Aggregate(static (left, right) => left.Or(right));
        return plan.IsPurging ? all.Purging() : all;
    }
}
