using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace RaftStream.StreamStateMachine.Tests.Semantics;

/// <summary>The table of docs/streams-semantics.md names the cases that there are, and all of them.</summary>
internal sealed partial class SemanticsTableTests
{
    private static readonly Type[] Cases = [.. typeof(Hand).Assembly.GetTypes().Where(static type => string.Equals(type.Namespace, typeof(Hand).Namespace, StringComparison.Ordinal) && type.Name.EndsWith("Cases", StringComparison.Ordinal))];

    private static string Table([CallerFilePath] string here = "") => File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs/streams-semantics.md"));

    [Test]
    public void The_table_names_each_case_and_no_other()
    {
        var cases = Cases.SelectMany(static type => type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)).Select(static method => method.Name).ToList();
        var named = Name().Matches(Table()).Select(static match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.That(cases, Has.Count.GreaterThan(60));
        Assert.That(named, Is.EquivalentTo(cases));
    }

    [Test]
    public void The_table_names_each_class_of_cases() => Assert.That(Cases.Select(static type => type.Name), Is.All.Matches<string>(static name => Table().Contains($"`{name}`. ", StringComparison.Ordinal)));

    /// <summary>Names of tests have underscores, and nothing else in the page has.</summary>
    [GeneratedRegex("`(?<name>[A-Za-z0-9]+(_[A-Za-z0-9]+)+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
