# Completes hwdr in PowerShell: hwdr completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName hwdr -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim("'", '"') })
    $program = $words[0]
    $rest = @($words | Select-Object -Skip 1)
    if ($wordToComplete -eq '') {
        # Before 7.3, PowerShell does not pass an empty word on.
        $rest += if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' }
    }

    $lines = @(& $program __complete @rest 2>$null)
    $lines | Where-Object { $_ -and $_ -notmatch '^:\d+$' } | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
