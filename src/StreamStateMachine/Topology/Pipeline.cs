namespace RaftStream.StreamStateMachine;

/// <summary>The receivers of a topology at one place, a reader or a replica, tied together. Owned by one thread.</summary>
internal abstract class Pipeline
{
    private readonly Dictionary<object, object> _receivers = new(ReferenceEqualityComparer.Instance);

    /// <summary>The receiver of an input, made at the first call.</summary>
    public IReceiver<T> Receiver<T>(IInput<T> input)
    {
        if (_receivers.TryGetValue(input, out var known))
            return (IReceiver<T>)known;
        var receiver = new NamedReceiver<T>(input.Connect(this), input.Node.Name);
        _receivers.Add(input, receiver);
        return receiver;
    }

    /// <summary>What the inputs of an operator share, made at the first call.</summary>
    public object Shared(TopologyNode node, Func<object> make)
    {
        if (!_receivers.TryGetValue(node, out var known))
            _receivers.Add(node, known = make());
        return known;
    }

    /// <summary>Where the records go that an operator gives out.</summary>
    public IReceiver<T> Behind<T>(StreamNode<T> node)
    {
        var receivers = new List<IReceiver<T>>();
        foreach (var consumer in node.Consumers)
            receivers.Add(Reach(node, consumer));
        return receivers.Count == 1 ? receivers[0] : new Fan<T>([.. receivers]);
    }

    protected abstract IReceiver<T> Reach<T>(StreamNode<T> node, IInput<T> consumer);

    private sealed class Fan<T>(IReceiver<T>[] receivers) : IReceiver<T>
    {
        public void Receive(in Record<T> record)
        {
            foreach (var receiver in receivers)
                receiver.Receive(record);
        }
    }
}

/// <summary>Holds records back at the reader until the end of a batch.</summary>
internal interface IHoldsBack
{
    /// <summary>Takes in what came of the record at hand, so that it can still be dropped.</summary>
    void TakeRecord();

    /// <summary>Takes back what came of the record at hand.</summary>
    void DropRecord();

    /// <summary>The record at hand is not dropped any more.</summary>
    void Settle();

    /// <summary>Gives out what is held back.</summary>
    void Flush();
}

/// <summary>The part of a topology that runs where a partition is read: from the source to the edges into the log.</summary>
internal sealed class ReaderPipeline(Job job, AdvanceBatch batch) : Pipeline
{
    private readonly List<IHoldsBack> _holding = [];

    /// <summary>An operator holds records back until the end of a batch.</summary>
    public void Add(IHoldsBack holding) => _holding.Add(holding);

    /// <summary>A record of the source has passed through: what of it is held back counts now.</summary>
    /// <exception cref="PoisonRecordException">It cannot be taken in after all.</exception>
    public void TakeRecord()
    {
        foreach (var holding in _holding)
            holding.TakeRecord();
        foreach (var holding in _holding)
            holding.Settle();
    }

    /// <summary>A record of the source was set aside: takes back what is held back of it.</summary>
    public void DropRecord()
    {
        foreach (var holding in _holding)
            holding.DropRecord();
    }

    /// <summary>Has operators give out what they hold back.</summary>
    public void Flush()
    {
        foreach (var holding in _holding)
            holding.Flush();
    }

    protected override IReceiver<T> Reach<T>(StreamNode<T> node, IInput<T> consumer) => consumer.Node.RunsInApply
        ? job.Ingresses.OfType<Ingress<T>>().First(edge => edge.Leads(consumer)).Close(batch)
        : Receiver(consumer);
}

/// <summary>The part of a topology that runs in <c>Apply</c>.</summary>
internal sealed class ApplyPipeline : Pipeline
{
    private readonly IIngressEntry[] _entries;
    private readonly Dictionary<int, ITimerTarget> _targets = [];

    public ApplyPipeline(Job job, JobContext context)
    {
        Context = context;
        _entries = [.. job.Ingresses.Select(edge => edge.Open(this))];
    }

    /// <summary>What operators see and change.</summary>
    public JobContext Context { get; }

    /// <summary>Where the records of an edge go in; null if there is no such edge.</summary>
    public IIngressEntry? Entry(int ingress) => (uint)ingress < (uint)_entries.Length ? _entries[ingress] : null;

    /// <summary>Has an operator called when its timers are due.</summary>
    public void AddTarget(TopologyNode node, ITimerTarget target) => _targets.Add(node.Id, target);

    /// <summary>The operator whose timer it is; null where a log of another topology is read.</summary>
    public ITimerTarget? Target(int node) => _targets.GetValueOrDefault(node);

    protected override IReceiver<T> Reach<T>(StreamNode<T> node, IInput<T> consumer) => Receiver(consumer);
}
