namespace RaftStream.Testing;

/// <summary>Draws a topology, its sources and its limits from a seed.</summary>
internal sealed class JobDraw
{
    private const int MostOps = 16;

    private readonly SimRandom _random;
    private readonly List<OpSpec> _ops = [];
    private readonly List<Drawn> _streams = [];
    private readonly bool _isSlow;
    private readonly bool _isZoned;
    private readonly long _unit;
    private bool _hasCombined;

    private JobDraw(ulong seed)
    {
        _random = new(seed ^ 0x3c79_ac49_2ba7_b653);
        _isSlow = _random.Chance(0.25);
        _isZoned = _random.Chance(0.2);
        _unit = _isZoned ? 1_800_000 : 10;
    }

    /// <summary>What a seed stands for.</summary>
    public static JobSpec Draw(ulong seed) => new JobDraw(seed).DrawAll(seed);

    private JobSpec DrawAll(ulong seed)
    {
        DrawSources();
        for (var more = _random.Between(2, 8); more > 0 && _ops.Count < MostOps; more--)
            DrawOp();
        if (!_ops.Exists(static op => op.IsStateful && op.Kind != OpKind.Sink))
            DrawStateful();
        DrawSinks(seed);
        return new(seed, _ops)
        {
            Unit = _unit,

            // Eight hours before the clocks of Central Europe go back in 2026, or somewhere where nothing is special.
            Epoch = _isZoned ? new DateTimeOffset(2026, 10, 24, 17, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() : 1_000_000,
            MaxTimers = _isSlow ? _random.Between(1, 4) : 1_000_000, // Joins behind joins have more than thousands: only a job that is drawn slow may be behind its reference.
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
    private void DrawSinks(ulong seed)
    {
        foreach (var stream in _streams.ToList())
        {
            var isTaken = _ops.Exists(op => op.Inputs.Contains(stream.Ref));
            if (!isTaken || _random.Chance(0.2))
                Add(new(OpKind.Sink, [stream.Ref]) { IsHandedOn = (seed + (ulong)_ops.Count) % 3 == 0 }, false, true);
        }
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

    /// <summary>One in a topology: in which order several give out what they hold back is not said anywhere.</summary>
    private bool MayCombine(Drawn input, OpSpec op)
    {
        if (_hasCombined || !input.IsAtReader || op.Key == KeyKind.InTurn || !_random.Chance(0.6))
            return false;
        return _hasCombined = true;
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
