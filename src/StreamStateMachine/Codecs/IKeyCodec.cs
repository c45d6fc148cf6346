namespace RaftStream.StreamStateMachine;

/// <summary>
/// How keys become bytes whose order, byte by byte, is the order of the keys, so that state can be read by range and prefix. No key's bytes are the
/// start of another's.
/// </summary>
/// <typeparam name="T">The type of the keys.</typeparam>
public interface IKeyCodec<T>
{
    /// <summary>A name for the layout, 1 to 200 characters. Part of the topology's fingerprint: change it whenever the bytes change.</summary>
    string Name { get; }

    /// <summary>Appends a key; all keys of a record take 1,024 bytes together at the most, else it becomes a dead letter.</summary>
    void Write(KeyBuffer output, T key);

    /// <summary>Reads one key from the start of the span and moves the span behind it.</summary>
    /// <exception cref="InvalidDataException">The bytes are none that <see cref="Write"/> makes.</exception>
    T Read(ref ReadOnlySpan<byte> source);

    /// <summary>The key as text, for people: what <see cref="TryParse"/> reads.</summary>
    string Format(T key);

    /// <summary>Reads a key that somebody typed. False: the text is no key of this type.</summary>
    bool TryParse(string text, out T key);
}
