using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// A stream job of the lab: hosted by every node under test, loaded by the workload of the same name, and judged by a plain evaluation of its topology. Equal on the nodes and in the lab, since both
/// take it from here.
/// </summary>
/// <remarks>
/// The first sink of each has the records as the log took them, one by one, and all operators that depend on the order of batches are judged by it. Nothing in the topology depends on log time but what stands beside it
/// (<see cref="LogTimerFunction"/>): which log time a command has, nobody outside can know.
/// </remarks>
internal sealed class TortureJob
{
    /// <summary>Records of a key come about so often that windows of some units hold a few: milliseconds of event time.</summary>
    public const long Unit = 200;

    /// <summary>By how much records may be out of order and still be on time, in milliseconds.</summary>
    public const long OutOfOrderness = 500;

    /// <summary>Event time when the run begins.</summary>
    public const long Epoch = 1_000_000_000;

    /// <summary>The most outputs that a sink keeps: more than a run makes, so that every reader can be told all of them.</summary>
    public const int Keep = 400_000;

    // So many producers a source: their least watermark is that of the source, so each has to send often.
    private const int Producers = 3;

    /// <summary>Makes a job.</summary>
    /// <param name="name">Its name, and that of its workload.</param>
    /// <param name="ops">Its operators: the first sink is that of the records as they were taken, and the first aggregate counts them by key.</param>
    /// <param name="mostRecords">How many records a run has at the most: all of them, and what comes of them, stays in memory and in the state.</param>
    /// <param name="mostOfBatch">How many records are handed in at once at the most.</param>
    /// <param name="more">What stands beside the operators.</param>
    public TortureJob(string name, IReadOnlyList<OpSpec> ops, int mostRecords, int mostOfBatch, Action<Func<int, Stream<ModelRecord>>>? more = null)
    {
        (MostRecords, MostOfBatch) = (mostRecords, mostOfBatch);
        Spec = new(0, ops) { Name = name, Unit = Unit, Epoch = Epoch, MaxTimers = 4096, Keep = Keep };
        var build = new JobBuild(Spec, more);
        (Job, Tables) = (build.Job, [.. build.Tables.Keys.Order()]);
        Taken = OpsOf(OpKind.Sink)[0];
        Counted = OpsOf(OpKind.Aggregate)[0];
    }

    /// <summary>The name of the job and of its workload.</summary>
    public string Name => Spec.Name;

    /// <summary>What its operators are.</summary>
    public JobSpec Spec { get; }

    /// <summary>The job as nodes run it.</summary>
    public Job Job { get; }

    /// <summary>The operators that have tables.</summary>
    public IReadOnlyList<int> Tables { get; }

    /// <summary>The most records of a run.</summary>
    public int MostRecords { get; }

    /// <summary>The most records of a batch.</summary>
    public int MostOfBatch { get; }

    /// <summary>The sink that has the records as they were taken.</summary>
    public int Taken { get; }

    /// <summary>The table that counts the records by key.</summary>
    public int Counted { get; }

    /// <summary>The sinks that are subscribed to, by name; those beside the topology, too.</summary>
    public IReadOnlyList<string> Subscriptions => [.. Job.Sinks.Select(static sink => sink.Name)];

    /// <summary>The sinks that write files, by their places.</summary>
    public IReadOnlyList<int> FileSinks => [.. OpsOf(OpKind.Sink).Where(place => Spec.Ops[place].Files is not null)];

    /// <summary>The places of the operators of a kind.</summary>
    public IReadOnlyList<int> OpsOf(OpKind kind) => [.. Enumerable.Range(0, Spec.Ops.Count).Where(place => Spec.Ops[place].Kind == kind)];

    /// <summary>The producers of all sources, each with its own numbers.</summary>
    public IEnumerable<(int Source, int Producer)> AllProducers => Enumerable.Range(0, Spec.Sources.Count).SelectMany(static source => Enumerable.Range(0, Producers).Select(producer => (source, producer)));

    /// <summary>The name of a source.</summary>
    public string SourceName(int source) => JobSpec.NameOf(OpsOf(OpKind.Source)[source]);

    /// <summary>The number that a producer's record has, which no other record of the run has.</summary>
    public static long NumberOf(int source, int producer, long sequence) => (((sequence * Producers) + producer) * 2) + source;

    /// <summary>Whose record has a number, and which sequence it has there.</summary>
    public static (int Source, int Producer, long Sequence) OwnerOf(long number) => ((int)(number % 2), (int)(number / 2 % Producers), number / 2 / Producers);

    /// <summary>A source with event times.</summary>
    public static OpSpec Source() => new(OpKind.Source, []) { Time = TimeKind.Event, OutOfOrderness = OutOfOrderness, Partitions = Producers };

    /// <summary>An operator with state, by the whole key of records.</summary>
    public static OpSpec Keyed(OpKind kind, params int[] inputs) => new(kind, [.. inputs.Select(static input => new StreamRef(input, 0))]) { Salt = 1 };

    /// <summary>How many records each first letter of a key has.</summary>
    public static OpSpec Counts(int input) => Keyed(OpKind.Aggregate, input) with { Aggregate = AggregateKind.Count, Salt = 0 };

    /// <summary>A subscription to an output of an operator.</summary>
    public static OpSpec Sink(int input, int output = 0) => new(OpKind.Sink, [new(input, output)]);

    /// <summary>Files of an output of an operator. They are small, so that a run begins and deletes many.</summary>
    public static OpSpec File(int input, int output = 0) => Sink(input, output) with { Files = new() { RotateBytes = FileSinkOptions.MinRotateBytes, Keep = 3 } };

    /// <summary>The name of the producer as it hands in.</summary>
    public static string NameOf(int producer) => JobSpec.PartitionName(producer);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}, {Spec.Ops.Count} operators");
}

/// <summary>The jobs there are.</summary>
internal static class TortureJobs
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<TortureJob> All { get; } = [WindowsJob.Job, TimersJob.Job, JoinsJob.Job, FilesJob.Job];

    /// <summary>What a node under test hosts.</summary>
    public static IReadOnlyList<Job> ForNodes { get; } = [.. All.Select(static job => job.Job)];

    /// <summary>The job of a workload; null where it has none.</summary>
    public static TortureJob? Of(string workload) => All.FirstOrDefault(job => job.Name == workload);
}
