namespace RaftStream.Testing;

/// <summary>Draws a topology, its sources and its limits from a seed.</summary>
internal sealed class JobDraw
{
    private const int MostOps = 16;

    private readonly ulong _seed;
    private readonly SimRandom _random;
    private readonly List<OpSpec> _ops = [];
    private readonly List<Drawn> _streams = [];
    private readonly bool _isSlow;
    private readonly bool _isZoned;
    private readonly long _unit;
    private bool _hasCombined;

    private JobDraw(ulong seed)
    {
        _seed = seed;
        _random = new(seed ^ 0x3c79_ac49_2ba7_b653);
        _isSlow = _random.Chance(0.25);
        _isZoned = _random.Chance(0.2);
        _unit = _isZoned ? 1_800_000 : 10;
    }

    /// <summary>What a seed stands for.</summary>
    public static JobSpec Draw(ulong seed) => new JobDraw(seed).DrawAll();

    private JobSpec DrawAll()
    {
        DrawSources();
        for (var more = _random.Between(2, 8); more > 0 && _ops.Count < MostOps; more--)
            DrawOp();
        if (!_ops.Exists(static op => op.IsStateful && op.Kind != OpKind.Sink))
            DrawStateful();
        DrawSinks();
        DrawCombined();
        var isTight = DrawHoard();
        return new(_seed, _ops)
        {
            Unit = _unit,

            // Eight hours before the clocks of Central Europe go back in 2026, or somewhere where nothing is special.
            Epoch = _isZoned ? new DateTimeOffset(2026, 10, 24, 17, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() : 1_000_000,
            MaxTimers = _isSlow ? _random.Between(1, 4) : 1_000_000, // Joins behind joins have more than thousands: only a job that is drawn slow may be behind its reference.
            MaxState = isTight ? 128 * 1024 : 0,
            MaxWaiting = _seed % 5 == 2 ? 1 + (long)(_seed % 29) : JobSpec.NoLimit,
            Keep = _random.Chance(0.3) ? _random.Between(1, 5) : _random.Between(20, 60),
        };
    }

    private void DrawSources()
    {
        for (var more = _random.Chance(0.5) ? 1 : _random.Between(2, 3); more > 0; more--)
        {
            var time = _random.Below(10) switch
            {
                < 5 => TimeKind.Event,
                < 8 => TimeKind.EventIdle,
                < 9 => TimeKind.Ingestion,
                _ => TimeKind.IngestionIdle,
            };
            if (_isSlow)
                time = time == TimeKind.EventIdle ? TimeKind.Event : time == TimeKind.IngestionIdle ? TimeKind.Ingestion : time;
            Add(
                new(OpKind.Source, [])
                {
                    Time = time,
                    OutOfOrderness = time is TimeKind.Event or TimeKind.EventIdle ? Span(0, 4) : 0,
                    IdleAfter = time is TimeKind.EventIdle or TimeKind.IngestionIdle ? _random.Between(50, 1000) : 0,
                    Partitions = _random.Between(1, 3),
                },
                isAtReader: true,
                isWild: false);
        }
    }

    private void DrawOp()
    {
        if (_random.Chance(0.35))
            DrawStateless();
        else
            DrawStateful();
    }

    private void DrawStateless()
    {
        var input = Some();
        var salt = _random.Below(100);
        switch (_random.Below(9))
        {
            case 0:
                Add(new(OpKind.Filter, [input.Ref]) { Salt = salt }, input.IsAtReader, input.IsWild);
                break;
            case 1:
                Add(new(OpKind.Map, [input.Ref]) { Salt = salt }, input.IsAtReader, input.IsWild);
                break;
            case 2 or 3:
                Add(new(OpKind.Poison, [input.Ref]) { Salt = salt }, input.IsAtReader, input.IsWild);
                break;
            case 4:
                Add(new(OpKind.FlatMap, [input.Ref]) { Salt = salt }, input.IsAtReader, input.IsWild);
                break;
            case 5:
                Add(new(OpKind.Peek, [input.Ref]), input.IsAtReader, input.IsWild);
                break;
            case 6:
                Add(new(OpKind.Split, [input.Ref]) { Salt = salt }, input.IsAtReader, input.IsWild);
                _streams.Add(new(new(_ops.Count - 1, 1), input.IsAtReader, input.IsWild));
                break;
            default:
                var other = Some();
                if (other.Ref == input.Ref)
                    break;
                Add(new(OpKind.Merge, [input.Ref, other.Ref]), input.IsAtReader && other.IsAtReader, input.IsWild || other.IsWild);
                break;
        }
    }

    private void DrawStateful()
    {
        var input = Some();
        var op = new OpSpec(OpKind.Aggregate, [input.Ref]) { Salt = _random.Below(100), Key = DrawKey(input), Aggregate = (AggregateKind)_random.Below(10) };
        var choice = _random.Below(16);
        if (input.IsWild && choice < 11)
            choice = 11 + (choice % 5);
        switch (choice)
        {
            case < 5:
                DrawWindow(input, op);
                break;
            case 5:
                Add(op with { Kind = OpKind.Deduplicate, Before = Span(1, 5) }, false, false);
                break;
            case 6 or 7:
                var usesLogTimers = !_isSlow && _random.Chance(0.5);
                Add(op with { Kind = OpKind.Process, Before = Span(1, 6), UsesLogTimers = usesLogTimers, TimeToLive = _isSlow || _random.Chance(0.5) ? 0 : _random.Between(100, 1500) }, false, usesLogTimers);
                break;
            case < 11:
                var right = Some();
                if (right.IsWild)
                    right = input;
                Add(op with { Kind = OpKind.Join, Inputs = [input.Ref, right.Ref], Join = (JoinKind)_random.Below(3), Before = Span(0, 3), After = Span(0, 3), Lateness = _random.Chance(0.5) ? 0 : Span(1, 4) }, false, false);
                break;
            case 11:
                Add(op with { Kind = OpKind.Distinct }, false, input.IsWild);
                break;
            case 12:
                Add(op with { Kind = OpKind.RangeSum }, false, input.IsWild);
                break;
            case 13 when Table() is { } table:
                Add(op with { Kind = OpKind.TableJoin, Table = table, Join = _random.Chance(0.5) ? JoinKind.Left : JoinKind.Inner }, false, input.IsWild);
                break;
            case 14 when Table() is { } table:
                Add(new(OpKind.Top, [new(table, 0)]) { Table = table }, false, _streams.Find(stream => stream.Ref.Op == table)!.IsWild);
                break;
            default:
                Add(op with { IsCombined = MayCombine(input, op) }, false, input.IsWild);
                break;
        }
    }

    private void DrawWindow(Drawn input, OpSpec op)
    {
        var kind = _isZoned && _random.Chance(0.5) ? WindowKind.Zoned : DrawKind();
        var size = kind == WindowKind.Zoned ? 3_600_000 * (_random.Below(4) switch { 0 => 1, 1 => 6, _ => 24 }) : Math.Max(1, Span(1, 6));
        var slide = size;
        if (kind == WindowKind.Hopping)
        {
            slide = Math.Max(1, size / _random.Between(1, 4));
            size = slide * (size / slide);
        }

        var plan = new WindowPlan(kind, size, slide, kind is WindowKind.Tumbling or WindowKind.Hopping && _random.Chance(0.3) ? Span(0, 4) - (2 * _unit) : 0)
        {
            Lateness = _random.Chance(0.4) ? 0 : Span(0, 6),
            Retention = _random.Chance(0.5) ? 0 : Span(0, 10),
        };
        var isCombined = kind is WindowKind.Tumbling or WindowKind.Hopping or WindowKind.Zoned or WindowKind.Global && MayCombine(input, op);
        plan = plan with { HasLateOutput = !isCombined && _random.Chance(0.4) };
        if (kind == WindowKind.Global || _random.Chance(0.5))
            plan = DrawTrigger(plan);
        Add(op with { Kind = OpKind.Window, Window = plan, IsCombined = isCombined }, false, kind == WindowKind.Global);
        if (plan.HasLateOutput)
            _streams.Add(new(new(_ops.Count - 1, 1), false, false));
    }

    /// <summary>Days of a zone only where the times are those that its reference knows.</summary>
    private WindowKind DrawKind()
    {
        var kind = (WindowKind)_random.Below(6);
        return kind == WindowKind.Zoned && !_isZoned ? WindowKind.Session : kind;
    }

    private WindowPlan DrawTrigger(WindowPlan plan)
    {
        plan = plan with
        {
            OnClose = _random.Chance(0.4),
            OnUpdate = _random.Chance(0.3),
            Count = _random.Chance(0.4) ? _random.Between(1, 4) : 0,
            Every = !_isSlow && _random.Chance(0.5) ? _random.Between(20, 600) : 0,
            IsPurging = _random.Chance(0.4),
        };
        return plan is { OnClose: false, OnUpdate: false, Count: 0, Every: 0 } ? plan with { Count = 2 } : plan;
    }

    /// <summary>What nobody takes goes to a sink, and some of the rest. Which of these are handed on is not drawn but told by the seed: so a seed has the topology that it always had.</summary>
    private void DrawSinks()
    {
        foreach (var stream in _streams.ToList())
        {
            var isTaken = _ops.Exists(op => op.Inputs.Contains(stream.Ref));
            if (!isTaken || _random.Chance(0.2))
                Add(new(OpKind.Sink, [stream.Ref]) { IsHandedOn = (_seed + (ulong)_ops.Count) % 3 == 0 && JoinsBefore(stream.Ref.Op) < 3 }, false, true);
        }
    }

    /// <summary>How many joins stand in a row up to an operator. Three of a stream with itself may make a million outputs of some thousand records: more than anybody hands on in a run.</summary>
    private int JoinsBefore(int op) => _ops[op].Inputs.Select(input => JoinsBefore(input.Op)).DefaultIfEmpty(0).Max() + (_ops[op].Kind == OpKind.Join ? 1 : 0);

    /// <summary>Some jobs have more combined operators, on one path and on several, behind all that they always had.</summary>
    private void DrawCombined()
    {
        if (_seed % 4 != 1 || _ops.Count > MostOps)
            return;
        var random = new SimRandom(_seed ^ 0x6b2f_8d13_40c7_95e9);
        var inputs = _streams.FindAll(static stream => stream.IsAtReader);
        List<StreamRef> combined = [];
        for (var more = random.Between(2, 3); more > 0; more--)
        {
            var input = inputs[random.Below(inputs.Count)];
            var op = new OpSpec(OpKind.Aggregate, [input.Ref]) { Salt = random.Below(100), Key = (KeyKind)random.Below(3), Aggregate = (AggregateKind)random.Below(10), IsCombined = true };
            var size = random.Between(1, 5) * _unit;
            if (random.Chance(0.5))
                op = op with { Kind = OpKind.Window, Window = new(random.Chance(0.5) ? WindowKind.Hopping : WindowKind.Tumbling, size, size, 0) };
            Add(op, false, false);
            combined.Add(_streams[^1].Ref);
        }

        // In one sink the order shows in which they give out what they hold back; and what is poison behind them must be taken out of all of them.
        Add(new(OpKind.Merge, combined), false, false);
        Add(new(OpKind.Sink, [_streams[^1].Ref]) { IsHandedOn = random.Chance(0.3) }, false, true);
        if (!random.Chance(0.5))
            return;
        Add(new(OpKind.Poison, [inputs[0].Ref]) { Salt = random.Below(100) }, true, inputs[0].IsWild);
        Add(new(OpKind.Sink, [_streams[^1].Ref]), false, true);
    }

    /// <summary>
    /// Some jobs have a small limit, and hoard: what all else needs fits beside it, where nothing is joined. As with the sinks, whether it is so is told by the seed.
    /// </summary>
    private bool DrawHoard()
    {
        if (_seed % 5 != 3 || _isSlow || _ops.Count > MostOps || _ops.Exists(static op => op.Kind == OpKind.Join))
            return false;
        Add(new(OpKind.Hoard, [new(0, 0)]) { Salt = 1, Padding = 30_000, TimeToLive = 50 + (long)(_seed % 450) }, false, true);
        Add(new(OpKind.Sink, [new(_ops.Count - 1, 0)]), false, true);
        return true;
    }

    private KeyKind DrawKey(Drawn input) => _random.Below(10) switch
    {
        < 5 => KeyKind.ByText,
        5 => KeyKind.Hash,
        6 => KeyKind.Range,
        7 when !input.IsWild => KeyKind.Time,
        8 => KeyKind.InTurn,
        _ => KeyKind.ByText,
    };

    /// <summary>Whether a further one is combined is told by the seed and its place, and does not change what is drawn for those before it.</summary>
    private bool MayCombine(Drawn input, OpSpec op)
    {
        if (!input.IsAtReader || op.Key == KeyKind.InTurn)
            return false;
        if (_hasCombined)
            return new SimRandom(_seed + (ulong)_ops.Count).Chance(0.7);
        return _hasCombined = _random.Chance(0.6);
    }

    private int? Table()
    {
        var tables = Enumerable.Range(0, _ops.Count).Where(place => _ops[place].Kind == OpKind.Aggregate).ToList();
        return tables.Count == 0 ? null : tables[_random.Below(tables.Count)];
    }

    private Drawn Some() => _random.Chance(0.5) ? _streams[^1] : _streams[_random.Below(_streams.Count)];

    /// <summary>A time of so many steps at the least and at the most, most often a whole number of them.</summary>
    private long Span(int least, int most)
    {
        var steps = _random.Between(least, most) * _unit;
        return _random.Chance(0.7) ? steps : Math.Max(least * _unit, steps - _random.Below(_unit));
    }

    private void Add(OpSpec op, bool isAtReader, bool isWild)
    {
        _ops.Add(op);
        if (op.Kind != OpKind.Sink)
            _streams.Add(new(new(_ops.Count - 1, 0), isAtReader, isWild));
    }

    /// <param name="Ref">The stream.</param>
    /// <param name="IsAtReader">Whether it flows in front of the log.</param>
    /// <param name="IsWild">Whether its times may lie at the ends of time, where sizes of windows cannot be added.</param>
    private sealed record Drawn(StreamRef Ref, bool IsAtReader, bool IsWild);
}
