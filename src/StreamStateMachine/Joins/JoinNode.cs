namespace RaftStream.StreamStateMachine;

/// <summary>Which records of a join are given out although the other side has none for them.</summary>
public enum JoinKind
{
    /// <summary>None: only pairs.</summary>
    Inner,

    /// <summary>Those of the left side.</summary>
    Left,

    /// <summary>Those of both sides.</summary>
    Outer,
}

/// <summary>
/// Joins two streams: a left record at time t and a right one with the same key at a time from t - before to t + after are a pair. Each pair is given out once, when
/// the later of the two comes; a record without one, where the kind of join wants it, once the watermark leaves no more for it.
/// </summary>
/// <remarks>
/// Records are kept for as long as a partner may come. One that comes when its own time for partners is over is counted as late and dropped.
/// </remarks>
internal sealed class JoinNode<TKey, TLeft, TRight, TOut> : StreamNode<Keyed<TKey, TOut>>
{
    public JoinNode(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, TLeft>> left, StreamNode<Keyed<TKey, TRight>> right, JoinSpec<TKey, TLeft, TRight, TOut> spec)
        : base(graph, "join", name, left, right)
    {
        Spec = spec;
        left.Consumers.Add(new LeftInput(this));
        right.Consumers.Add(new RightInput(this));
    }

    public override bool IsStateful => true;

    public override string Detail => $"{Spec.Kind}, {Spec.Key.Name}, {Spec.Before} ms before to {Spec.After} ms after, lateness {Spec.Lateness} ms, {Spec.Left.Name}, {Spec.Right.Name}";

    public override IEnumerable<Delegate> UserCode => [Spec.Join];

    public JoinSpec<TKey, TLeft, TRight, TOut> Spec { get; }

    /// <summary>Both inputs of a pipeline share one state; the first that is asked for makes it.</summary>
    private JoinReceiver<TKey, TLeft, TRight, TOut> Shared(Pipeline pipeline) => (JoinReceiver<TKey, TLeft, TRight, TOut>)pipeline.Shared(this, () =>
    {
        var apply = (ApplyPipeline)pipeline;
        var receiver = new JoinReceiver<TKey, TLeft, TRight, TOut>(this, apply.Context, pipeline.Behind(this));
        apply.AddTarget(this, receiver);
        return receiver;
    });

    private sealed class LeftInput(JoinNode<TKey, TLeft, TRight, TOut> node) : IInput<Keyed<TKey, TLeft>>
    {
        public TopologyNode Node => node;

        public IReceiver<Keyed<TKey, TLeft>> Connect(Pipeline pipeline) => node.Shared(pipeline).Left;
    }

    private sealed class RightInput(JoinNode<TKey, TLeft, TRight, TOut> node) : IInput<Keyed<TKey, TRight>>
    {
        public TopologyNode Node => node;

        public IReceiver<Keyed<TKey, TRight>> Connect(Pipeline pipeline) => node.Shared(pipeline).Right;
    }
}

/// <summary>What a join of two streams is.</summary>
/// <param name="Kind">Which records without a partner are given out.</param>
/// <param name="Before">By how many milliseconds a right record may be earlier than its left one.</param>
/// <param name="After">By how many milliseconds it may be later.</param>
/// <param name="Lateness">How many milliseconds of event time records wait for partners that are late.</param>
/// <param name="Key">How keys are written.</param>
/// <param name="Left">How records of the left side are written.</param>
/// <param name="Right">How records of the right side are written.</param>
/// <param name="Join">Makes what is given out of a pair, or of one record and nothing.</param>
internal sealed record JoinSpec<TKey, TLeft, TRight, TOut>(
    JoinKind Kind, long Before, long After, long Lateness, IKeyCodec<TKey> Key, ICodec<TLeft> Left, ICodec<TRight> Right, Func<TKey, Seen<TLeft>, Seen<TRight>, TOut> Join);
