namespace RaftStream.Testing;

/// <summary>What an operator of a drawn topology does.</summary>
internal enum OpKind
{
    Source,
    Filter,
    Map,
    Poison,
    FlatMap,
    Peek,
    Split,
    Merge,
    Aggregate,
    Window,
    Top,
    Distinct,
    Deduplicate,
    RangeSum,
    Process,
    Join,
    TableJoin,
    Hoard,
    Sink,
}

/// <summary>How records become one value.</summary>
internal enum AggregateKind
{
    Count,
    Sum,
    SumOfDoubles,
    Min,
    Max,
    Average,
    Reduce,
    Custom,
    Top,
    CountDistinct,
}

/// <summary>What the key of a stateful operator is.</summary>
internal enum KeyKind
{
    ByText,
    Hash,
    Range,
    Time,
    InTurn,
}

/// <summary>The kinds of windows.</summary>
internal enum WindowKind
{
    Tumbling,
    Zoned,
    Hopping,
    Sliding,
    Session,
    Global,
}

/// <summary>Where a drawn source's records have their time from.</summary>
internal enum TimeKind
{
    Event,
    EventIdle,
    Ingestion,
    IngestionIdle,
}

/// <summary>An output of an operator: 0 but for the branches of a split and the late records of windows, which are 1.</summary>
/// <param name="Op">The operator's place in the topology.</param>
/// <param name="Output">Which of its outputs.</param>
internal readonly record struct StreamRef(int Op, int Output);

/// <summary>The windows of an operator. Times are milliseconds; <see cref="Every"/> too, of log time.</summary>
internal sealed record WindowPlan(WindowKind Kind, long Size, long Slide, long Offset)
{
    public long Lateness { get; init; }

    public long Retention { get; init; }

    public bool HasLateOutput { get; init; }

    public bool OnClose { get; init; }

    public bool OnUpdate { get; init; }

    public long Count { get; init; }

    public long Every { get; init; }

    public bool IsPurging { get; init; }
}

/// <summary>An operator of a drawn topology. What its kind does not need keeps its default.</summary>
internal sealed record OpSpec(OpKind Kind, IReadOnlyList<StreamRef> Inputs)
{
    /// <summary>Decides what its user code does: see <see cref="ModelFunctions"/>.</summary>
    public long Salt { get; init; }

    public KeyKind Key { get; init; }

    public AggregateKind Aggregate { get; init; }

    public bool IsCombined { get; init; }

    public WindowPlan? Window { get; init; }

    public JoinKind Join { get; init; }

    /// <summary>How much earlier, or how far away, a partner or a repetition may be, in milliseconds.</summary>
    public long Before { get; init; }

    public long After { get; init; }

    public long Lateness { get; init; }

    /// <summary>How long the states of a process function live, in milliseconds of log time; 0: for ever.</summary>
    public long TimeToLive { get; init; }

    public bool UsesLogTimers { get; init; }

    /// <summary>Of a top or a table join: the operator whose table it looks at.</summary>
    public int Table { get; init; }

    public TimeKind Time { get; init; }

    /// <summary>By how much records of a source may be out of order, in milliseconds.</summary>
    public long OutOfOrderness { get; init; }

    /// <summary>After how much silence a partition is idle, in milliseconds of log time; 0: never.</summary>
    public long IdleAfter { get; init; }

    public int Partitions { get; init; }

    /// <summary>Of a sink: whether its outputs wait until the log says that they were handed on.</summary>
    public bool IsHandedOn { get; init; }

    /// <summary>Of a sink: how it cuts what it is given into files; null for a subscription.</summary>
    public FileSinkOptions? Files { get; init; }

    /// <summary>Of a sink that writes files: how many characters stand behind each record, so that files grow fast; of what hoards: how many bytes it keeps for a key.</summary>
    public int Padding { get; init; }

    /// <summary>Whether it keeps state or writes for somebody: what stands behind it runs on the replicas.</summary>
    public bool IsStateful => Kind >= OpKind.Aggregate || Key == KeyKind.InTurn;
}

/// <summary>A drawn topology, the records of its sources and its limits. Inputs stand before what they feed.</summary>
internal sealed record JobSpec(ulong Seed, IReadOnlyList<OpSpec> Ops)
{
    /// <summary>The name of its job.</summary>
    public string Name { get; init; } = "model";

    /// <summary>A step of event time in milliseconds: sizes of windows and distances of records are multiples of it or near them.</summary>
    public required long Unit { get; init; }

    /// <summary>The event time around which records begin.</summary>
    public required long Epoch { get; init; }

    /// <summary>How many timers fire in a command. A small number is drawn only where nothing depends on log time, which goes on between the commands.</summary>
    public required int MaxTimers { get; init; }

    public bool IsSlow => MaxTimers < 100;

    /// <summary>As many outputs as may ever wait.</summary>
    public const long NoLimit = 1_000_000;

    /// <summary>How many bytes of state the job may have; 0: as many as it needs. A small number is drawn only where something hoards, and forgets it by log time.</summary>
    public long MaxState { get; init; }

    public bool IsTight => MaxState > 0;

    /// <summary>How many outputs may wait to be handed on.</summary>
    public long MaxWaiting { get; init; } = NoLimit;

    /// <summary>How many outputs a sink keeps.</summary>
    public required int Keep { get; init; }

    /// <summary>The sources, by their numbers.</summary>
    public IReadOnlyList<OpSpec> Sources => [.. Ops.Where(static op => op.Kind == OpKind.Source)];

    public static string NameOf(int op) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"op{op}");

    public static string PartitionName(int partition) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"p{partition}");
}
