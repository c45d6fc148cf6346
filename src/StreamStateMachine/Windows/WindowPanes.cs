using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>One window of one key: what it holds and how far its trigger is.</summary>
internal struct Pane<TAcc>
{
    /// <summary>Records since the trigger fired for their number.</summary>
    public long Counted;

    /// <summary>Records ever, which also tells those of one time apart.</summary>
    public long Records;

    /// <summary>The log time at which the trigger fires; 0: at none.</summary>
    public long LogTimer;

    /// <summary>Whether anything came since it was purged.</summary>
    public bool HasContents;

    public TAcc Accumulator;
}

/// <summary>
/// The windows of one operator: kept, fired and cleaned up, whatever decides which windows there are. Owned by the operator's receiver.
/// </summary>
/// <remarks>
/// A timer's time is when the watermark allows it: the window's last instant for firing, that and the lateness for shutting it, that and the retention for forgetting it. Tags make a window
/// fire before it is shut where both are due at once.
/// </remarks>
internal sealed class WindowPanes<TKey, T, TAcc, TResult>
{
    private const byte FireTag = 1;
    private const byte ShutTag = 2;
    private const byte LogFireTag = 3;
    private const byte ForgetTag = 4;
    private const int HeadSize = 25;

    private readonly JobContext _context;
    private readonly TopologyNode _node;
    private readonly WindowSpec _spec;
    private readonly IKeyCodec<Windowed<TKey>> _codec;
    private readonly Aggregation<T, TAcc, TResult> _aggregation;
    private readonly IReceiver<Keyed<Windowed<TKey>, TResult>> _next;
    private readonly KeyBuffer _key = new();
    private readonly KeyBuffer _timer = new();
    private readonly ArrayBufferWriter<byte> _value = new(256);

    public WindowPanes(JobContext context, TopologyNode node, WindowSpec spec, IKeyCodec<TKey> key, Aggregation<T, TAcc, TResult> aggregation, IReceiver<Keyed<Windowed<TKey>, TResult>> next)
    {
        (_context, _node, _spec, _aggregation, _next) = (context, node, spec, aggregation, next);
        _codec = KeyCodecs.Windowed(key);
    }

    /// <summary>The watermark that this operator has seen.</summary>
    public long Watermark => _context.WatermarkOf(_node);

    /// <summary>The aggregation's result of what is kept for a window.</summary>
    public static ReadStored<TResult> ReaderOf(Aggregation<T, TAcc, TResult> aggregation) => stored => aggregation.ReadResult(stored[HeadSize..]);

    /// <summary>The window's contents; empty ones where it is not there yet.</summary>
    public Pane<TAcc> Load(in Windowed<TKey> window, out bool isNew)
    {
        Begin(window);
        isNew = !_context.State.TryGet(_key.Span, out var stored);
        return isNew ? new() { Accumulator = _aggregation.Empty } : Parse(stored);
    }

    public Pane<TAcc> Parse(ReadOnlySpan<byte> stored) => new()
    {
        Counted = BinaryPrimitives.ReadInt64LittleEndian(stored),
        Records = BinaryPrimitives.ReadInt64LittleEndian(stored[8..]),
        LogTimer = BinaryPrimitives.ReadInt64LittleEndian(stored[16..]),
        HasContents = stored[24] != 0,
        Accumulator = _aggregation.Accumulator.Read(stored[HeadSize..]),
    };

    /// <summary>A record was put into the window: sets its timers, fires it where the trigger says so, and keeps it.</summary>
    public void OnRecord(in Windowed<TKey> window, ref Pane<TAcc> pane, bool isNew)
    {
        var trigger = _spec.Trigger;
        var fires = trigger.OnUpdateFires;
        if (trigger.OnCloseFires)
        {
            if (window.Window.MaxTime <= Watermark)
                fires = true;
            else
                SetTimer(FireTag, window, window.Window.MaxTime);
        }

        if (trigger.CountFires > 0 && ++pane.Counted >= trigger.CountFires)
        {
            pane.Counted = 0;
            fires = true;
        }

        if (trigger.EveryNanoseconds > 0 && !IsLogTimerSet(window, pane))
        {
            pane.LogTimer = _context.LogTime - (_context.LogTime % trigger.EveryNanoseconds) + trigger.EveryNanoseconds;
            SetLogTimer(window, pane.LogTimer);
        }

        if (isNew)
            SetTimer(ShutTag, window, _spec.ShutTime(window.Window));
        if (fires)
            Fire(window, ref pane);
        Store(window, pane);
    }

    /// <summary>A timer of these windows is due.</summary>
    public void OnTimer(ReadOnlySpan<byte> payload)
    {
        var tag = payload[0];
        payload = payload[1..];
        var window = _codec.Read(ref payload);
        if (tag == ShutTag)
        {
            Shut(window);
            return;
        }

        if (tag == ForgetTag)
        {
            Forget(window);
            return;
        }

        var pane = Load(window, out var isNew);
        if (isNew)
            return; // Forgotten, or grown together with another.
        if (tag == LogFireTag)
            pane.LogTimer = 0;
        Fire(window, ref pane);
        Store(window, pane);
    }

    /// <summary>Takes an open window out, with its timers.</summary>
    public void Remove(in Windowed<TKey> window)
    {
        var pane = Load(window, out var isNew);
        if (isNew)
            return;
        _context.State.Remove(_key.Span);
        CancelLogTimer(window, pane);
        WriteTimer(FireTag, window);
        _context.Timers.Cancel(_node, window.Window.MaxTime, _timer.Span);
        WriteTimer(ShutTag, window);
        _context.Timers.Cancel(_node, _spec.ShutTime(window.Window), _timer.Span);
    }

    /// <summary>No record can change a window any more, and it tells nothing any more: from here on it is only kept to be asked for.</summary>
    private void Shut(in Windowed<TKey> window)
    {
        var pane = Load(window, out var isNew);
        if (isNew)
            return;
        if (pane.LogTimer > 0)
        {
            CancelLogTimer(window, pane);
            pane.LogTimer = 0;
            Store(window, pane);
        }

        if (_spec.ForgetTime(window.Window) == _spec.ShutTime(window.Window))
            Forget(window);
        else
            SetTimer(ForgetTag, window, _spec.ForgetTime(window.Window));
    }

    /// <summary>Behind the end of all sources nothing makes room for anything: what is there then can be asked for ever after.</summary>
    private void Forget(in Windowed<TKey> window)
    {
        if (_context.Clock.HasEnded(_node))
            return;
        Begin(window);
        _context.State.Remove(_key.Span);
    }

    private void CancelLogTimer(in Windowed<TKey> window, in Pane<TAcc> pane)
    {
        if (pane.LogTimer == 0)
            return;
        WriteTimer(LogFireTag, window);
        _context.Timers.CancelLog(_node, pane.LogTimer, _timer.Span);
    }

    private void Fire(in Windowed<TKey> window, ref Pane<TAcc> pane)
    {
        if (!pane.HasContents)
            return;
        _next.Receive(new(new(window, _aggregation.Result(pane.Accumulator)), window.Window.MaxTime));
        if (!_spec.Trigger.IsPurging)
            return;
        pane.HasContents = false;
        pane.Accumulator = _aggregation.Empty;
    }

    private void Store(in Windowed<TKey> window, in Pane<TAcc> pane)
    {
        _value.ResetWrittenCount();
        var head = _value.GetSpan(HeadSize);
        BinaryPrimitives.WriteInt64LittleEndian(head, pane.Counted);
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], pane.Records);
        BinaryPrimitives.WriteInt64LittleEndian(head[16..], pane.LogTimer);
        head[24] = pane.HasContents ? (byte)1 : (byte)0;
        _value.Advance(HeadSize);
        _aggregation.Accumulator.Write(_value, pane.Accumulator);
        Begin(window);
        _context.State.Put(_key.Span, _value.WrittenSpan);
    }

    private void Begin(in Windowed<TKey> window)
    {
        _key.Cut(0);
        StateKeys.WriteOperator(_key, _node.Id, StateKeys.Rows);
        var start = _key.Length;
        _codec.Write(_key, window);
        StateKeys.CheckUserKey(_key.Length - start - (2 * sizeof(long)));
    }

    /// <summary>What was said when a timer fired is taken back with a result that turns out to be poison; the timer itself stays gone.</summary>
    private bool IsLogTimerSet(in Windowed<TKey> window, in Pane<TAcc> pane)
    {
        if (pane.LogTimer == 0 || pane.LogTimer > _context.LogTime)
            return pane.LogTimer > 0;
        WriteTimer(LogFireTag, window);
        return _context.Timers.HasLog(_node, pane.LogTimer, _timer.Span);
    }

    private void SetTimer(byte tag, in Windowed<TKey> window, long time)
    {
        WriteTimer(tag, window);
        _context.Timers.Set(_node, time, _timer.Span);
    }

    private void SetLogTimer(in Windowed<TKey> window, long time)
    {
        WriteTimer(LogFireTag, window);
        _context.Timers.SetLog(_node, time, _timer.Span);
    }

    private void WriteTimer(byte tag, in Windowed<TKey> window)
    {
        _timer.Cut(0);
        _timer.Write(tag);
        _codec.Write(_timer, window);
    }
}
