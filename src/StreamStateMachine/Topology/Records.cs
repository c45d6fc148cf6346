namespace RaftStream.StreamStateMachine;

/// <summary>A value under a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
public readonly record struct Keyed<TKey, TValue>(TKey Key, TValue Value);

/// <summary>A value on its way through a topology.</summary>
/// <param name="Value">The value.</param>
/// <param name="Time">Its event time, in milliseconds since 1970-01-01 UTC.</param>
internal readonly record struct Record<T>(T Value, long Time);

/// <summary>Takes the records that an operator gives out: the next operator, at work.</summary>
internal interface IReceiver<T>
{
    void Receive(in Record<T> record);
}
