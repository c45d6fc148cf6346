namespace RaftStream.StreamStateMachine;

/// <summary>
/// Declares a stream job: sources, operators over their records, tables that can be asked for, and sinks. Everything up to the first operator with state runs on the node that reads a
/// partition, and may be slow or depend on anything; from there on it runs on every replica and must be deterministic.
/// </summary>
/// <example>
/// <code>
/// var job = new StreamBuilder("words");
/// job.From("text", Sources.Lines("moby-dick.txt")).FlatMap(line => line.Split(' ')).KeyBy(word => word).Count("counts").Top("top", 10);
/// </code>
/// </example>
public sealed class StreamBuilder
{
    private readonly TopologyGraph _graph;
    private readonly string _name;
    private readonly JobOptions _options;

    /// <summary>Begins a job.</summary>
    /// <param name="name">Its name, 1 to 200 characters without control characters; the state of the job goes by it.</param>
    /// <param name="options">Its limits.</param>
    public StreamBuilder(string name, JobOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!StoreLimits.IsName(name))
            throw new ArgumentException($"The name of a job has 1 to {StoreLimits.MaxNameChars} characters and no control character: give another one.", nameof(name));
        (_name, _options) = (name, options ?? new());
        _options.Check();
        _graph = new(name);
    }

    /// <summary>Records that are read, by whichever node holds the lease of a partition.</summary>
    /// <param name="name">The name of the source, unique in the job.</param>
    /// <param name="source">What is read.</param>
    /// <param name="time">Where the records' time comes from; the time of reading unless said otherwise.</param>
    /// <param name="codec">How records are written where they cross the log as they are; may be left out for text, numbers, truth values and bytes, and where an operator comes between.</param>
    public Stream<T> From<T>(string name, IStreamSource<T> source, EventTime<T>? time = null, ICodec<T>? codec = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Add(name, source, time, codec, null);
    }

    /// <summary>Lines of text that are handed in over HTTP: each producer is a partition, and its numbers make a line that is sent again count once.</summary>
    /// <param name="name">The name of the source, unique in the job.</param>
    /// <param name="time">Where the lines' time comes from; the time of taking them unless said otherwise.</param>
    public Stream<string> Ingest(string name, EventTime<string>? time = null) => Ingest(name, static line => line, time);

    /// <summary>Records that are handed in over HTTP as lines of text: each producer is a partition, and its numbers make a line that is sent again count once.</summary>
    /// <param name="name">The name of the source, unique in the job.</param>
    /// <param name="parse">
    /// Makes a record of a line, at the node that takes it. A <see cref="FormatException"/>, a <see cref="System.Text.Json.JsonException"/> or a <see cref="PoisonRecordException"/> makes the line a dead letter.
    /// </param>
    /// <param name="time">Where the records' time comes from; the time of taking them unless said otherwise.</param>
    /// <param name="codec">How records are written where they cross the log as they are; may be left out for text, numbers, truth values and bytes, and where an operator comes between.</param>
    public Stream<T> Ingest<T>(string name, Func<string, T> parse, EventTime<T>? time = null, ICodec<T>? codec = null)
    {
        ArgumentNullException.ThrowIfNull(parse);
        return Add(name, null, time, codec, parse);
    }

    /// <summary>Checks the topology and completes it.</summary>
    /// <exception cref="TopologyException">Something is missing, given twice, or runs on the replicas and depends on more than its records.</exception>
    public Job Build()
    {
        var problems = TopologyChecks.Look(_graph);
        if (problems.Count > 0)
            throw new TopologyException(_name, problems);
        _graph.IsBuilt = true;
        return new(_name, _graph, _options);
    }

    private Stream<T> Add<T>(string name, IStreamSource<T>? source, EventTime<T>? time, ICodec<T>? codec, Func<string, T>? parse)
    {
        ArgumentNullException.ThrowIfNull(name);
        var number = _graph.Nodes.OfType<ISourceNode>().Count();
        return new(new SourceNode<T>(_graph, name, number, source, parse, time ?? EventTime.Ingestion<T>()) { Codec = codec });
    }
}

/// <summary>A topology is wrong.</summary>
public sealed class TopologyException : Exception
{
    internal TopologyException(string job, IReadOnlyList<string> problems)
        : base($"The topology of job '{job}' has {problems.Count} problem{(problems.Count == 1 ? "" : "s")}: {string.Join(' ', problems)}") => Problems = problems;

    /// <summary>What is wrong, a sentence each.</summary>
    public IReadOnlyList<string> Problems { get; }
}
