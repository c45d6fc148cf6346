using System.Globalization;
using System.Text;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// The keys and values that inputs speak of: few keys, or the store itself would grow with every input, and that would say nothing of the ports.
/// </summary>
internal static class FuzzKeys
{
    /// <summary>The counter that is added to beside all inputs; none of them speaks of it.</summary>
    public const string Exact = "exact/counter";

    private const int Keys = 300;
    private const int Values = 64;

    private static readonly string[] Names = [.. Enumerable.Range(0, Keys).Select(static number => string.Create(CultureInfo.InvariantCulture, $"{(number % 3) switch { 0 => "k", 1 => "c", _ => "" }}{number}"))];

    /// <summary>A key.</summary>
    public static string Key(Random random) => Names[random.Next(Keys)];

    /// <summary>A key or, seldom, a text that is one perhaps.</summary>
    public static byte[] Key(Random random, ByteChanges changes) => random.Next(400) == 0 ? changes.Change(Encoding.UTF8.GetBytes(Key(random))) : Encoding.UTF8.GetBytes(Key(random));

    /// <summary>Bytes for a value: mostly few.</summary>
    public static byte[] Value(Random random, ByteChanges changes) => changes.Noise(random.Next(2_000) == 0 ? random.Next(65_000, 66_000) : random.Next(Values));

    /// <summary>A number, small or at the end of a range.</summary>
    public static long Number(Random random) => random.Next(8) switch
    {
        0 => long.MaxValue - random.Next(3),
        1 => long.MinValue + random.Next(3),
        2 => random.NextInt64(),
        _ => random.Next(-100, 1_000),
    };
}
