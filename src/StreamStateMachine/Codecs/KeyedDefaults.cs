namespace RaftStream.StreamStateMachine;

/// <summary>Codecs that nobody had to name.</summary>
internal static class KeyedDefaults
{
    /// <exception cref="ArgumentException">The type has no codec here.</exception>
    public static IKeyCodec<T> Known<T>() => KeyCodecs.TryFind<T>(out var known)
        ? known
        : throw new ArgumentException($"{typeof(T).Name} has no key codec here: say how keys are written, with a codec of KeyCodecs or of your own.");
}
