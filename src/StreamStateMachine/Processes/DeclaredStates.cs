using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>A state that a process function declared. It speaks of the key of the record or timer at hand.</summary>
public abstract class DeclaredState
{
    private readonly ArrayBufferWriter<byte> _value = new(256);
    private readonly long _timeToLive;
    private StateAccess? _access;

    private protected DeclaredState(string name, byte part, TimeSpan? timeToLive)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (timeToLive is { } time && time < TimeSpan.FromMilliseconds(1))
            throw new ArgumentOutOfRangeException(nameof(timeToLive), timeToLive, "State lives for a millisecond or longer: leave the time out for ever.");
        (Name, Part, _timeToLive) = (name, part, (timeToLive?.Ticks ?? 0) * 100);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    internal byte Part { get; }

    internal abstract string Detail { get; }

    private protected StateAccess Access => _access ?? throw new InvalidOperationException($"The state '{Name}' belongs to the key of a record: use it in Process and OnTimer, not before.");

    private protected string Life => _timeToLive == 0 ? "" : $", {_timeToLive / 1_000_000} ms";

    internal void Bind(StateAccess access) => _access = access;

    /// <summary>Begins the key of an entry; the state's own key may follow.</summary>
    private protected KeyBuffer Begin() => Access.Begin(Part);

    private protected bool TryRead<T>(ICodec<T> codec, out T value)
    {
        value = default!;
        if (!Access.Context.State.TryGet(Access.Key.Span, out var stored) || IsOver(stored))
            return false;
        value = codec.Read(stored[sizeof(long)..]);
        return true;
    }

    private protected bool IsOver(ReadOnlySpan<byte> stored) =>
        BinaryPrimitives.ReadInt64LittleEndian(stored) is var end && end > 0 && end <= Access.Context.LogTime;

    /// <summary>Keeps a value, behind the log time at which it ends.</summary>
    private protected void Store<T>(ICodec<T> codec, T value)
    {
        var end = _timeToLive == 0 ? 0 : WindowSpec.After(Access.Context.LogTime, _timeToLive);
        _value.ResetWrittenCount();
        BinaryPrimitives.WriteInt64LittleEndian(_value.GetSpan(sizeof(long)), end);
        _value.Advance(sizeof(long));
        codec.Write(_value, value);
        var isNew = !Access.Context.State.TryGet(Access.Key.Span, out _);
        Access.Context.State.Put(Access.Key.Span, _value.WrittenSpan);
        if (end > 0 && isNew)
            Access.SetEnd(end);
    }

    private protected void Forget() => Access.Context.State.Remove(Access.Key.Span);
}

/// <summary>One value for each key.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
public sealed class ValueState<T> : DeclaredState
{
    private readonly ICodec<T> _codec;

    internal ValueState(string name, byte part, ICodec<T> codec, TimeSpan? timeToLive)
        : base(name, part, timeToLive) => _codec = codec;

    internal override string Detail => $"{Name}: {_codec.Name}{Life}";

    /// <summary>The value. False: there is none, or not any more.</summary>
    public bool TryGet(out T value)
    {
        Begin();
        return TryRead(_codec, out value);
    }

    /// <summary>Sets the value.</summary>
    public void Set(T value)
    {
        Begin();
        Store(_codec, value);
    }

    /// <summary>Forgets the value.</summary>
    public void Clear()
    {
        Begin();
        Forget();
    }
}

/// <summary>A map for each key, in the order of its own keys.</summary>
/// <typeparam name="TMapKey">The type of the map's keys.</typeparam>
/// <typeparam name="T">The type of the values.</typeparam>
public sealed class MapState<TMapKey, T> : DeclaredState
{
    private readonly IKeyCodec<TMapKey> _key;
    private readonly ICodec<T> _codec;

    internal MapState(string name, byte part, IKeyCodec<TMapKey> key, ICodec<T> codec, TimeSpan? timeToLive)
        : base(name, part, timeToLive) => (_key, _codec) = (key, codec);

    internal override string Detail => $"{Name}: map({_key.Name},{_codec.Name}){Life}";

    /// <summary>The value under a key of the map. False: there is none, or not any more.</summary>
    public bool TryGet(TMapKey key, out T value)
    {
        BeginAt(key);
        return TryRead(_codec, out value);
    }

    /// <summary>Sets the value under a key of the map.</summary>
    public void Set(TMapKey key, T value)
    {
        BeginAt(key);
        Store(_codec, value);
    }

    /// <summary>Forgets the value under a key of the map.</summary>
    public void Remove(TMapKey key)
    {
        BeginAt(key);
        Forget();
    }

    /// <summary>What the map holds, in the order of its keys: read as a whole before anything of it is changed.</summary>
    public IReadOnlyList<Keyed<TMapKey, T>> ToList()
    {
        var items = new List<Keyed<TMapKey, T>>();
        var prefix = Begin().Length;
        foreach (var (bytes, value) in Access.Walk())
        {
            ReadOnlySpan<byte> rest = bytes.AsSpan(prefix);
            if (!IsOver(value))
                items.Add(new(_key.Read(ref rest), _codec.Read(value.AsSpan(sizeof(long)))));
        }

        return items;
    }

    /// <summary>Forgets all of it.</summary>
    public void Clear()
    {
        Begin();
        Access.RemoveAll();
    }

    private void BeginAt(TMapKey key)
    {
        var buffer = Begin();
        var start = buffer.Length;
        _key.Write(buffer, key);
        StateKeys.CheckUserKey(buffer.Length - start);
    }
}

/// <summary>A list for each key, in the order in which its items were added.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
public sealed class ListState<T> : DeclaredState
{
    private readonly ICodec<T> _codec;

    internal ListState(string name, byte part, ICodec<T> codec, TimeSpan? timeToLive)
        : base(name, part, timeToLive) => _codec = codec;

    internal override string Detail => $"{Name}: list({_codec.Name}){Life}";

    /// <summary>Adds an item behind the others.</summary>
    public void Add(T value)
    {
        var buffer = Begin();
        var prefix = buffer.Length;
        buffer.Write(long.MaxValue);
        var number = Access.Context.State.TryFloor(buffer.Span, out var last, out _) && last.StartsWith(buffer.Span[..prefix]) ? StateKeys.Int64At(last, prefix) + 1 : 0;
        buffer.Cut(prefix);
        buffer.Write(number);
        Store(_codec, value);
    }

    /// <summary>The items, the earliest first.</summary>
    public IReadOnlyList<T> ToList()
    {
        var items = new List<T>();
        Begin();
        foreach (var (_, value) in Access.Walk())
        {
            if (!IsOver(value))
                items.Add(_codec.Read(value.AsSpan(sizeof(long))));
        }

        return items;
    }

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        Begin();
        Access.RemoveAll();
    }
}
