namespace RaftStream.StreamStateMachine;

/// <summary>What all process functions have in common.</summary>
internal static class ProcessNode
{
    public const int FirstState = 16;
    public const int MostStates = 64;
}

/// <summary>Runs a process function.</summary>
internal sealed class ProcessNode<TKey, TIn, TOut>(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, TIn>> from, IKeyCodec<TKey> key, Func<ProcessFunction<TKey, TIn, TOut>> make)
    : StreamNode<Keyed<TKey, TOut>>(graph, "process", name, from), IInput<Keyed<TKey, TIn>>
{
    private const byte EventTag = 1;
    private const byte LogTag = 2;

    private readonly ProcessFunction<TKey, TIn, TOut> _declared = Made(name, make);

    private readonly ProcessFunction<TKey, TIn, TOut> _again = Made(name, make);

    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => string.Join(", ", [_declared.GetType().Name, key.Name, .. _declared.States.Select(static state => state.Detail)]);

    public override IEnumerable<Delegate> UserCode => [_declared.Process, _declared.OnTimer];

    /// <summary>A function is bound to the state of one replica: one object for two would write into the state of the other.</summary>
    public override IEnumerable<string> Problems => ReferenceEquals(_declared, _again)
        ? [.. base.Problems, $"'{Name}' is given the same {_declared.GetType().Name} each time, and each replica needs one of its own: make a new one in the function, as in () => new {_declared.GetType().Name}(...)."]
        : base.Problems;

    public IReceiver<Keyed<TKey, TIn>> Connect(Pipeline pipeline)
    {
        var apply = (ApplyPipeline)pipeline;
        var receiver = new Receiver(this, key, make(), apply.Context, pipeline.Behind(this));
        apply.AddTarget(this, receiver);
        return receiver;
    }

    private static ProcessFunction<TKey, TIn, TOut> Made(string? name, Func<ProcessFunction<TKey, TIn, TOut>> make) =>
        make() ?? throw new ArgumentException($"The function of '{name}' is null: make a new one in the function that is given.", nameof(make));

    private sealed class Receiver : ProcessContext<TKey, TOut>, IReceiver<Keyed<TKey, TIn>>, ITimerTarget
    {
        private readonly TopologyNode _node;
        private readonly IKeyCodec<TKey> _codec;
        private readonly ProcessFunction<TKey, TIn, TOut> _function;
        private readonly JobContext _context;
        private readonly IReceiver<Keyed<TKey, TOut>> _next;
        private readonly StateAccess _access;
        private readonly KeyBuffer _userKey = new();
        private readonly KeyBuffer _timer = new();
        private TKey _key = default!;
        private long _time;
        private bool _isLogTimer;

        public Receiver(TopologyNode node, IKeyCodec<TKey> codec, ProcessFunction<TKey, TIn, TOut> function, JobContext context, IReceiver<Keyed<TKey, TOut>> next)
        {
            (_node, _codec, _function, _context, _next) = (node, codec, function, context, next);
            _access = new(context, node);
            foreach (var state in function.States)
                state.Bind(_access);
        }

        public override TKey Key => _key;

        public override long Time => _time;

        public override long Watermark => _context.WatermarkOf(_node);

        public override TimeSpan LogTime => TimeSpan.FromTicks(_context.LogTime / 100);

        public override bool IsLogTimer => _isLogTimer;

        public void Receive(in Record<Keyed<TKey, TIn>> record)
        {
            Enter(record.Value.Key, record.Time, false);
            _function.Process(record.Value.Value, this);
        }

        public void OnTimer(long time, ReadOnlySpan<byte> payload)
        {
            var tag = payload[0];
            payload = payload[1..];
            if (tag == StateAccess.EndTag)
            {
                _access.OnEnd(payload);
                return;
            }

            Enter(_codec.Read(ref payload), tag == LogTag ? Watermark : time, tag == LogTag);
            _function.OnTimer(this);
        }

        public override void Emit(TOut value) => _next.Receive(new(new(_key, value), _time));

        public override void SetTimer(long time) => _context.Timers.Set(_node, time, Timer(EventTag));

        public override void CancelTimer(long time) => _context.Timers.Cancel(_node, time, Timer(EventTag));

        public override void SetLogTimer(TimeSpan logTime) => _context.Timers.SetLog(_node, logTime.Ticks * 100, Timer(LogTag));

        public override void CancelLogTimer(TimeSpan logTime) => _context.Timers.CancelLog(_node, logTime.Ticks * 100, Timer(LogTag));

        private void Enter(TKey key, long time, bool isLogTimer)
        {
            _userKey.Cut(0);
            _codec.Write(_userKey, key);
            StateKeys.CheckUserKey(_userKey.Length);
            _access.Enter(_userKey.Span);
            (_key, _time, _isLogTimer) = (key, time, isLogTimer);
        }

        private ReadOnlySpan<byte> Timer(byte tag)
        {
            _timer.Cut(0);
            _timer.Write(tag);
            _timer.WriteRaw(_userKey.Span);
            return _timer.Span;
        }
    }
}
