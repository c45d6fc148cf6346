namespace RaftStream.StreamStateMachine;

/// <summary>Records of a type on their way through a topology. Each method declares an operator behind it; a stream may have any number of these.</summary>
/// <typeparam name="T">The type of the records.</typeparam>
public sealed class Stream<T>
{
    internal Stream(StreamNode<T> node) => Node = node;

    internal StreamNode<T> Node { get; }

    private TopologyGraph Graph => Node.Graph;

    /// <summary>Says how the records are written where they cross the log.</summary>
    public Stream<T> WithCodec(ICodec<T> codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        Node.Codec = codec;
        return this;
    }

    /// <summary>Lets the records through that a predicate holds for.</summary>
    public Stream<T> Filter(Func<T, bool> keep, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(keep);
        return Behind(new FilterNode<T>(Graph, name, Node, keep) { Codec = Node.Codec });
    }

    /// <summary>Makes another record of each, with the same time.</summary>
    public Stream<TOut> Map<TOut>(Func<T, TOut> map, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        return Behind(new MapNode<T, TOut>(Graph, "map", name, Node, map));
    }

    /// <summary>Makes any number of records of each, with the same time.</summary>
    public Stream<TOut> FlatMap<TOut>(Func<T, IEnumerable<TOut>> map, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        return Behind(new FlatMapNode<T, TOut>(Graph, name, Node, map));
    }

    /// <summary>Shows each record to somebody and lets it through. At the reader that may be more than once; behind state, on every replica.</summary>
    public Stream<T> Peek(Action<T> look, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(look);
        return Behind(new PeekNode<T>(Graph, name, Node, look) { Codec = Node.Codec });
    }

    /// <summary>Gives each record to the first branch that wants it; the last of the streams has those that none wants.</summary>
    public IReadOnlyList<Stream<T>> Split(params Func<T, bool>[] wants)
    {
        ArgumentNullException.ThrowIfNull(wants);
        foreach (var want in wants)
            ArgumentNullException.ThrowIfNull(want, nameof(wants));
        var split = new SplitNode<T>(Graph, null, Node, [.. wants]);
        Node.Consumers.Add(split);
        return [.. split.Branches.Select(static branch => new Stream<T>(branch))];
    }

    /// <summary>This stream and others as one, in the order in which their records come.</summary>
    public Stream<T> Merge(params Stream<T>[] others)
    {
        ArgumentNullException.ThrowIfNull(others);
        foreach (var other in others)
            ArgumentNullException.ThrowIfNull(other, nameof(others));
        StreamNode<T>[] from = [Node, .. others.Select(static other => other.Node)];
        var merge = new MergeNode<T>(Graph, null, from);
        foreach (var one in from)
            one.Consumers.Add(merge);
        return new(merge);
    }

    /// <summary>Puts each record under a key: what follows keeps state for each key.</summary>
    /// <param name="key">The key of a record.</param>
    /// <param name="codec">How keys are written; may be left out for text and whole numbers.</param>
    /// <param name="value">How records are written; may be left out where the stream has a codec, and for text, numbers, truth values and bytes.</param>
    /// <param name="name">A name for the operator.</param>
    public KeyedStream<TKey, T> KeyBy<TKey>(Func<T, TKey> key, IKeyCodec<TKey>? codec = null, ICodec<T>? value = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        var keys = codec ?? KeyedDefaults.Known<TKey>();
        var values = value ?? Node.Codec ?? throw new ArgumentException($"{typeof(T).Name} has no codec here: say how records are written, with the parameter 'value' or WithCodec(...).");
        var node = new MapNode<T, Keyed<TKey, T>>(Graph, "keyBy", name, Node, record => new(key(record), record)) { Codec = new KeyedCodec<TKey, T>(keys, values) };
        Node.Consumers.Add(node);
        return new(node, keys, values);
    }

    /// <summary>Puts each record into a numbered partition, whose number is the key of what follows.</summary>
    public KeyedStream<int, T> PartitionBy(Partitioning<T> partitioning, ICodec<T>? value = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(partitioning);
        var values = value ?? Node.Codec ?? throw new ArgumentException($"{typeof(T).Name} has no codec here: say how records are written, with the parameter 'value' or WithCodec(...).");
        StreamNode<Keyed<int, T>> node;
        if (partitioning.Choose is null)
        {
            var inTurn = new RoundRobinNode<T>(Graph, name, Node, partitioning.Partitions, values);
            Node.Consumers.Add(inTurn);
            node = inTurn;
        }
        else
        {
            var chosen = new ChooseNode<T>(Graph, name, Node, partitioning, values);
            Node.Consumers.Add(chosen);
            node = chosen;
        }

        return new(node, KeyCodecs.Int32, values);
    }

    /// <summary>
    /// Keeps the newest records for those who subscribe, over HTTP or with the client: each under a sequence, so that whoever comes back goes on where he was. At least once in general, exactly once for a
    /// subscriber that remembers the sequence with what he does.
    /// </summary>
    /// <param name="name">The name of the sink.</param>
    /// <param name="keep">How many are kept: 1 to 1,000,000.</param>
    /// <param name="format">What is written, as text; JSON of the stream's codec unless said otherwise.</param>
    public void ToSubscription(string name, long keep = 10_000, Func<T, string>? format = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keep, 1_000_000);
        var plan = new SinkPlan("subscription", keep, null, "at least once for a subscriber, once for one that remembers the sequence with what it does.");
        Node.Consumers.Add(new SinkNode<T>(Graph, name, Node, SinkFormat.Of(Node, format), plan));
    }

    /// <summary>
    /// Posts the records to an address, in the order of the log and in batches, from the node that leads. Each is kept in the job's state, under a sequence, until an answer of 200 to 299 came, and the next batch goes out only then.
    /// At least once: what was sent when a node died is sent again by the next one. Exactly once for a receiver that remembers, with what it does, the highest sequence and the highest epoch that it was told: what has a lower
    /// epoch it refuses, and of the rest it passes over sequences up to that one.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The body is <c>{"job", "sink", "epoch", "outputs": [{"sequence", "time", "value"} ...]}</c>. The headers say the same: <c>X-RaftStream-Job</c>, <c>-Sink</c>, <c>-First</c>, <c>-Last</c> and <c>-Epoch</c>, and
    /// <c>Idempotency-Key</c> is job/sink/first-last. Another node may cut batches elsewhere: only sequences, or batches of one, tell an output for certain.
    /// </para>
    /// <para>
    /// An answer of 408, 429, 500 and more or a redirect, which is not followed, and no answer at all mean: try again, after pauses that grow, or as long as <c>Retry-After</c> says. Any other of 400 to 499 means: never. A batch
    /// that gets one is sent output by output, and those that get one then become dead letters of the job, of which the newest 1,000 are kept. A dead letter that is replayed is posted under its own sequence, alone, with the header
    /// <c>X-RaftStream-Replay: true</c>: others have gone before it.
    /// </para>
    /// </remarks>
    /// <param name="name">The name of the sink.</param>
    /// <param name="target">Where to: an absolute address over http or https. Not part of the topology, so a program may start with another one.</param>
    /// <param name="format">What is posted as the value, as text of at most 64 KiB; JSON of the stream's codec unless said otherwise. Runs on every replica. A record whose text is too long is set aside, as any that is called poison.</param>
    /// <param name="options">Sizes, times and headers.</param>
    /// <exception cref="ArgumentException">The address is no such, or an option is out of its range.</exception>
    public void ToWebhook(string name, Uri target, Func<T, string>? format = null, WebhookOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(target);
        if (!target.IsAbsoluteUri || (target.Scheme != Uri.UriSchemeHttp && target.Scheme != Uri.UriSchemeHttps) || target.UserInfo.Length > 0)
            throw new ArgumentException("A webhook has an absolute address over http or https without a user in it: give such a one, and what lets you in as a header of the options.", nameof(target));
        var checkedOptions = options ?? new();
        checkedOptions.Check();
        var plan = new SinkPlan(
            "webhook", null, new WebhookOutlet(target, format is null, checkedOptions), "at least once, in order; once for a receiver that remembers sequence and epoch with what it does.");
        Node.Consumers.Add(new SinkNode<T>(Graph, name, Node, SinkFormat.Of(Node, format), plan));
    }

    /// <summary>
    /// Prints the records, in the order of the log, on the console of the node that leads: <c>name&gt; text</c>. To look at a job, not to build on: at least once over all nodes, since what was printed when a node died is printed again
    /// by the next one, and a console that takes nothing holds the job up in the end, as any sink does.
    /// </summary>
    /// <param name="name">The name of the sink.</param>
    /// <param name="format">What is printed, as text of at most 64 KiB; JSON of the stream's codec unless said otherwise. Runs on every replica.</param>
    public void ToConsole(string name, Func<T, string>? format = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var plan = new SinkPlan("console", null, new ConsoleOutlet(), "at least once over the consoles of all nodes, in order.");
        Node.Consumers.Add(new SinkNode<T>(Graph, name, Node, SinkFormat.Of(Node, format), plan));
    }

    /// <summary>
    /// Writes the records to files, a line each, in the order of the log. Every replica writes its own copy into its own folder; each record stands in it exactly once, and all copies are equal byte for
    /// byte. Which files there are, the options say; a byte that was written is never changed, and a node that starts makes its files anew.
    /// </summary>
    /// <param name="name">The name of the sink, and with the job's that of its files: 'counts.csv' of job 'words' makes 'words-counts-000001.csv'.</param>
    /// <param name="format">
    /// What is written, as text of at most 1 MiB without line feeds; JSON of the stream's codec unless said otherwise. Runs on every replica. A record whose text is too long or has a line feed is set aside, as any that is called poison.
    /// </param>
    /// <param name="options">How the files are cut and how many are kept.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void ToFile(string name, Func<T, string>? format = null, FileSinkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var checkedOptions = options ?? new();
        checkedOptions.Check();
        Node.Consumers.Add(new FileSinkNode<T>(Graph, name, Node, SinkFormat.Of(Node, format), checkedOptions));
    }

    private Stream<TOut> Behind<TNode, TOut>(TNode node)
        where TNode : StreamNode<TOut>, IInput<T>
    {
        Node.Consumers.Add(node);
        return new(node);
    }

    private Stream<T> Behind(FilterNode<T> node) => Behind<FilterNode<T>, T>(node);

    private Stream<T> Behind(PeekNode<T> node) => Behind<PeekNode<T>, T>(node);

    private Stream<TOut> Behind<TOut>(MapNode<T, TOut> node) => Behind<MapNode<T, TOut>, TOut>(node);

    private Stream<TOut> Behind<TOut>(FlatMapNode<T, TOut> node) => Behind<FlatMapNode<T, TOut>, TOut>(node);
}
