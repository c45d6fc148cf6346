using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The keys of one operator's state, made one at a time in a buffer, and the bytes under them. Owned by the operator's receiver.
/// </summary>
internal sealed class KeyedState<TKey>(JobContext context, TopologyNode node, IKeyCodec<TKey> codec)
{
    private readonly ArrayBufferWriter<byte> _value = new(256);

    /// <summary>The key under construction.</summary>
    public KeyBuffer Key { get; } = new();

    /// <summary>Begins a key with that of a record; more may be appended.</summary>
    /// <exception cref="PoisonRecordException">The key is too long.</exception>
    public void Begin(byte part, TKey key)
    {
        Begin(part);
        var start = Key.Length;
        codec.Write(Key, key);
        StateKeys.CheckUserKey(Key.Length - start);
    }

    /// <summary>Begins a key without one.</summary>
    public void Begin(byte part)
    {
        Key.Cut(0);
        StateKeys.WriteOperator(Key, node.Id, part);
    }

    /// <summary>What is kept under the key; the bytes are good until the next change.</summary>
    public bool TryGet(out ReadOnlySpan<byte> value) => context.State.TryGet(Key.Span, out value);

    /// <summary>Keeps a value under the key.</summary>
    public void Put<T>(ICodec<T> valueCodec, T value)
    {
        _value.ResetWrittenCount();
        valueCodec.Write(_value, value);
        context.State.Put(Key.Span, _value.WrittenSpan);
    }

    /// <summary>Forgets what is under the key.</summary>
    public bool Remove() => context.State.Remove(Key.Span);
}
